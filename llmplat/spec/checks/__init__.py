"""Values that cannot work with each other, each finding naming both places."""

from llmplat.domain.errors import Finding
from llmplat.spec.checks.alerts import check_alert_receiver
from llmplat.spec.checks.engine import check_engine_options
from llmplat.spec.checks.experience import check_experience
from llmplat.spec.checks.mirror import check_mirror
from llmplat.spec.checks.models import check_models
from llmplat.spec.checks.names import check_names
from llmplat.spec.checks.slo import check_slo
from llmplat.spec.checks.substrate import check_substrate
from llmplat.spec.checks.tenants import check_tenants
from llmplat.spec.checks.timeouts import check_timeouts
from llmplat.spec.platform import Platform
from llmplat.spec.tree import Tree

_CHECKS = (
    check_substrate,
    check_mirror,
    check_names,
    check_models,
    check_engine_options,
    check_tenants,
    check_timeouts,
    check_slo,
    check_experience,
    check_alert_receiver,
)


def find_conflicts(platform: Platform, tree: Tree) -> list[Finding]:
    """All conflicts in `platform`, with their places in `tree`."""
    return [finding for check in _CHECKS for finding in check(platform, tree)]
