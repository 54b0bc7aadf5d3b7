"""Engine launches -> what a cluster needs to know to run them as an expert would."""

from dataclasses import dataclass, replace

from llmplat.catalog.cluster import load_serving_rates
from llmplat.domain.errors import PlanError
from llmplat.domain.units import GIB
from llmplat.plan.cluster.delivery import Delivery, choose_delivery
from llmplat.plan.cluster.disaggregation import PlannedPrefill, make_prefill
from llmplat.plan.cluster.flavors import Flavor
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.owners import namespace_of
from llmplat.plan.cluster.queues import LOCAL_QUEUE, Queues
from llmplat.plan.cluster.scaling import Scaling, make_scaling
from llmplat.plan.cluster.secrets import PlannedSecret, make_secret
from llmplat.plan.launch import EngineLaunch
from llmplat.plan.planned import PlannedModel
from llmplat.spec.model import Model

SERVING_PRIORITY = "llmplat-serving"
"""Priority class of engines: above batch work, below the parts that every request passes."""

ENGINE_COMPONENT = "vllm"
DRAIN_REST_S = 30
"""Between the last answer and the end of the grace: what the engine needs to leave."""
START_PERIOD_S = 10
MAIN_MEMORY_BYTES = 4 * GIB
MEMORY_PER_GPU_BYTES = 3 * GIB
PULL_FOR_S = 300
"""The runtime's own image, when the node has nothing of it."""


@dataclass(frozen=True)
class ClusterEngine:
    """One model's engine in a cluster: the launch and all that surrounds it."""

    name: str
    """Of the Deployment and of all that belongs to it."""
    launch: EngineLaunch
    kind: str
    """chat or embedding."""
    owner: str
    namespace: str
    image: str
    """The runtime's image, by digest."""
    delivery: Delivery
    weights_bytes: int
    least: int
    most: int
    scaling: Scaling | None
    """None where the replicas are fixed."""
    drain_s: int
    """How long running answers are waited for when a pod ends."""
    start_s: int
    """Start-up budget of the engine itself."""
    progress_s: int
    """When a roll-out that does not move counts as failed."""
    gpu: str | None
    gpu_bytes: int | None
    """What one GPU has."""
    flavor: Flavor | None
    queue: str | None
    is_split: bool
    """Several GPUs work on one request and share memory."""
    priority: str
    cpu_cores: float
    secrets: tuple[PlannedSecret, ...]
    canary: "PlannedCanary | None" = None
    prefill: PlannedPrefill | None = None
    is_claimed: bool = False
    """GPUs come by a claim in place of a number."""
    is_traced: bool = False
    """It sends spans to the collector."""


@dataclass(frozen=True)
class PlannedCanary:
    """One more replica with another image, which gets a part of the requests."""

    delivery: Delivery
    traffic_percent: int


def make_cluster_engines(ground: Ground, queues: Queues) -> tuple[ClusterEngine, ...]:
    """Every engine of the plan; PlanError where a wish cannot be met in this cluster."""
    wishes = {model.name: model for model in ground.platform.models}
    planned = {model.name: model for model in ground.models}
    return tuple(
        _engine(ground, wishes[launch.model], planned[launch.model], launch, queues)
        for launch in ground.engines
    )


def start_budget_s(weights_bytes: int) -> int:
    """Seconds from the container's start to its first answer, at the stated rates.

    engine_start_s + weights / load_bytes_per_s, a whole number of probe periods.
    """
    rates = load_serving_rates()
    seconds = rates.engine_start_s + weights_bytes / rates.load_bytes_per_s
    return -(-int(seconds) // START_PERIOD_S) * START_PERIOD_S


def progress_deadline_s(weights_bytes: int, start_s: int) -> int:
    """Seconds a roll-out may stand still: a machine made, images pulled, the engine started."""
    rates = load_serving_rates()
    pull_s = PULL_FOR_S + int(weights_bytes / rates.pull_bytes_per_s)
    return rates.schedule_s + pull_s + start_s


def _engine(
    ground: Ground, model: Model, planned: PlannedModel, launch: EngineLaunch, queues: Queues
) -> ClusterEngine:
    namespace = namespace_of(model.owner)
    weights_bytes = planned.memory.weights_bytes if planned.memory is not None else 0
    flavor = queues.flavor_of(planned.gpu) if planned.gpu is not None else None
    start_s = start_budget_s(weights_bytes)
    drain_s = round(ground.platform.timeouts.engine_s)
    delivery = choose_delivery(model, ground)
    waiting = ground.platform.gateway.waiting_per_replica
    return ClusterEngine(
        name=launch.name,
        launch=adapt_launch(launch, weights_bytes, start_s, drain_s),
        kind=model.kind,
        owner=model.owner,
        namespace=namespace,
        image=ground.image(launch.runtime),
        delivery=delivery,
        weights_bytes=weights_bytes,
        least=model.replicas.min,
        most=model.replicas.max,
        scaling=make_scaling(model, launch, namespace, waiting),
        drain_s=drain_s,
        start_s=start_s,
        progress_s=progress_deadline_s(weights_bytes, start_s),
        gpu=planned.gpu,
        gpu_bytes=ground.catalog.gpus[planned.gpu].memory_bytes if planned.gpu else None,
        flavor=flavor,
        queue=LOCAL_QUEUE if launch.gpus else None,
        is_split=launch.gpus > 1,
        is_claimed=queues.is_claimed and launch.gpus > 0,
        priority=SERVING_PRIORITY,
        cpu_cores=float(max(1, 2 * launch.gpus) if launch.gpus else 2),
        secrets=tuple(
            make_secret(ground, one.secret, namespace, launch.name, one.env)
            for one in launch.secret_env
        ),
        canary=_canary(model, delivery, ground),
        prefill=make_prefill(model, launch, ground),
    )


def _canary(model: Model, delivery: Delivery, ground: Ground) -> PlannedCanary | None:
    if model.canary is None:
        return None
    if not ground.runs("kserve"):
        raise PlanError(
            f"The canary of {model.name} has nobody to look after it.",
            why="two images of one model side by side are KServe's business.",
            fix=(
                "set components: {kserve: {enabled: true}, kserve-crd: {enabled: true}}",
                f"remove canary of {model.name}",
            ),
        )
    image = model.canary.source.removeprefix("oci://")
    return PlannedCanary(replace(delivery, image=image), model.canary.traffic_percent)


def adapt_launch(
    launch: EngineLaunch, weights_bytes: int, start_s: int, drain_s: int
) -> EngineLaunch:
    """The same launch with the time and the main memory that a cluster gives it."""
    probe = replace(launch.probe, startup_budget_s=float(start_s))
    memory_bytes = main_memory_bytes(launch.gpus, weights_bytes) or launch.limits.memory_bytes
    return replace(
        launch,
        probe=probe,
        limits=replace(launch.limits, memory_bytes=memory_bytes),
        stop_grace_s=float(drain_s + DRAIN_REST_S),
    )


def main_memory_bytes(gpus: int, weights_bytes: int) -> int:
    """Main memory of an engine whose model is on GPUs: its processes, and the weights on their way.

    Stated, not measured: a process with CUDA's libraries takes 2 to 3 GiB. 0 without a GPU, where
    the plan's own figure counts.
    """
    return MAIN_MEMORY_BYTES + gpus * MEMORY_PER_GPU_BYTES + weights_bytes if gpus else 0
