"""Everything that runs in the cluster by our own objects, strung together."""

from dataclasses import dataclass

from llmplat.plan.cluster.console import ClusterConsole, make_cluster_console
from llmplat.plan.cluster.engines import ClusterEngine, make_cluster_engines
from llmplat.plan.cluster.gateway import ClusterGateway, make_cluster_gateway
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.observability import NAMESPACE as MONITORING
from llmplat.plan.cluster.observability import Observability, make_observability
from llmplat.plan.cluster.owners import Owner, make_owners
from llmplat.plan.cluster.policies import Policies, make_policies
from llmplat.plan.cluster.queues import Queues, make_queues
from llmplat.plan.cluster.routing import Routing, make_routing
from llmplat.plan.cluster.secrets import Secrets, make_secret, make_store

OPEN_WEBUI = "open-webui"
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
    has_open_webui: bool
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
    engines = make_cluster_engines(ground, queues)
    routing = make_routing(ground, engines)
    gateway = make_cluster_gateway(ground, engines, routing)
    return Workloads(
        owners=owners,
        queues=queues,
        engines=engines,
        routing=routing,
        gateway=gateway,
        console=make_cluster_console(ground),
        policies=make_policies(ground, queues),
        secrets=_secrets(ground, engines, gateway),
        has_open_webui=ground.runs(OPEN_WEBUI) and gateway is not None,
        has_kserve=ground.runs("kserve"),
        observability=make_observability(ground, engines) if ground.runs("observability") else None,
    )


def _secrets(
    ground: Ground, engines: tuple[ClusterEngine, ...], gateway: ClusterGateway | None
) -> Secrets:
    found = [secret for engine in engines for secret in engine.secrets]
    if gateway is not None:
        found += gateway.secrets
    if ground.runs(OPEN_WEBUI) and gateway is not None:
        names = ("open-webui-key", "open-webui-session-key")
        found += [make_secret(ground, name, OPEN_WEBUI, OPEN_WEBUI) for name in names]
    if ground.runs("kube-prometheus-stack"):
        found.append(make_secret(ground, GRAFANA_PASSWORD, MONITORING, "kube-prometheus-stack"))
    return Secrets(make_store(ground), tuple(found))
