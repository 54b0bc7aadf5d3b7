"""Everything that runs in the cluster by our own objects, strung together."""

from dataclasses import dataclass

from llmplat.plan.cluster.alerting import Alerting, make_alerting
from llmplat.plan.cluster.applications import ARGO_CD
from llmplat.plan.cluster.console import ClusterConsole, make_cluster_console
from llmplat.plan.cluster.engines import ClusterEngine, make_cluster_engines
from llmplat.plan.cluster.experience import Experience, make_experience
from llmplat.plan.cluster.gateway import (
    EDGE,
    ClusterGateway,
    make_cluster_gateway,
    with_hosts,
)
from llmplat.plan.cluster.gitops import gitops_of
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.langfuse import Langfuse, make_langfuse
from llmplat.plan.cluster.observability import NAMESPACE as MONITORING
from llmplat.plan.cluster.observability import Observability, make_observability
from llmplat.plan.cluster.owners import Owner, make_owners
from llmplat.plan.cluster.policies import Policies, make_policies
from llmplat.plan.cluster.queues import Queues, make_queues
from llmplat.plan.cluster.routing import Routing, make_routing
from llmplat.plan.cluster.secrets import Secrets, make_secret, make_store
from llmplat.plan.cluster.tracing import (
    Tracing,
    make_tracing,
    traced_engines,
    traced_gateway,
)

GRAFANA_PASSWORD = "grafana-admin"  # noqa: S105 (the name of a secret)


@dataclass(frozen=True)
class Workloads:
    """Owners, queues, engines, routes and the gateway of one cluster."""

    owners: tuple[Owner, ...]
    queues: Queues
    engines: tuple[ClusterEngine, ...]
    routing: Routing | None
    gateway: ClusterGateway | None
    console: ClusterConsole | None
    policies: Policies
    secrets: Secrets
    experience: Experience | None
    """None where the profile ends below what people touch."""
    tracing: Tracing | None
    """None where no spans are made."""
    langfuse: Langfuse | None
    """None where nobody looks at them here."""
    has_kserve: bool
    """Engines are KServe's InferenceServices."""
    observability: Observability | None
    """None where the file turns it off."""

    @property
    def longest_start_s(self) -> int:
        """The longest time any engine is given until its pod is ready."""
        return max((engine.progress_s for engine in self.engines), default=0)

    def engine(self, model: str) -> ClusterEngine:
        """The engine of `model`."""
        return next(engine for engine in self.engines if engine.launch.model == model)


def make_workloads(ground: Ground) -> Workloads:
    """Raises PlanError, DoesNotFitError or LockMissingError, each with a fix."""
    owners = make_owners(ground)
    queues = make_queues(ground, owners)
    tracing, langfuse = make_tracing(ground), make_langfuse(ground)
    engines = traced_engines(make_cluster_engines(ground, queues), tracing)
    routing = make_routing(ground, engines)
    gateway = traced_gateway(make_cluster_gateway(ground, engines, routing), tracing)
    experience = make_experience(ground)
    if gateway is not None and experience is not None:
        gateway = with_hosts(gateway, experience.hosts)
    return Workloads(
        owners=owners,
        queues=queues,
        engines=engines,
        routing=routing,
        gateway=gateway,
        console=make_cluster_console(ground, experience),
        policies=make_policies(ground, queues),
        secrets=_secrets(
            ground, engines, gateway, (experience, tracing, langfuse, make_alerting(ground))
        ),
        experience=experience,
        tracing=tracing,
        langfuse=langfuse,
        has_kserve=ground.runs("kserve"),
        observability=make_observability(ground, engines) if ground.runs("observability") else None,
    )


def _secrets(
    ground: Ground,
    engines: tuple[ClusterEngine, ...],
    gateway: ClusterGateway | None,
    others: tuple[Experience | Tracing | Langfuse | Alerting | None, ...],
) -> Secrets:
    found = [secret for engine in engines for secret in engine.secrets]
    if gateway is not None:
        found += gateway.secrets
    if gateway is not None and gateway.entry.zone is not None and gateway.entry.zone.token:
        token = gateway.entry.zone.token
        found.append(make_secret(ground, token, "external-dns", "external-dns"))
        found.append(make_secret(ground, token, EDGE, "cert-manager"))
    found += [secret for other in others if other is not None for secret in other.secrets]
    key = gitops_of(ground.platform).key_secret
    if key is not None:
        found.append(make_secret(ground, key, ARGO_CD, "argo-cd"))
    if ground.runs("kube-prometheus-stack"):
        found.append(make_secret(ground, GRAFANA_PASSWORD, MONITORING, "kube-prometheus-stack"))
    return Secrets(make_store(ground), tuple(found))
