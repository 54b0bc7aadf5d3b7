"""A platform on a cluster -> which of its controls the API server shows to hold."""

from llmplat.domain.cluster import Cluster
from llmplat.domain.errors import Finding
from llmplat.plan.plan import Plan


def quick_findings(cluster: Cluster, plan: Plan) -> tuple[Finding, ...]:
    """Controls that do not hold; nothing when all do."""
    return ()
