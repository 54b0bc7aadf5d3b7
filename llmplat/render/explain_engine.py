"""A model's engine in a cluster, followed from its Application to its pods and to what calls them."""

from collections.abc import Iterator

from llmplat.domain.units import format_size
from llmplat.plan.cluster.cluster import ClusterPlan
from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.plan.cluster.policies import SYSTEM_NAMESPACE
from llmplat.plan.cluster.routing import MODEL_HEADER, ModelRoute, Routing
from llmplat.plan.cluster.scaling import PREFILL
from llmplat.plan.engine import NEEDED_BYTES, OFFERED_BYTES
from llmplat.plan.plan import Plan
from llmplat.plan.planned import PlannedModel
from llmplat.render.objects.shape import MODEL
from llmplat.render.reasons import Link, Reason, reason_at
from llmplat.spec.load import LoadedPlatform
from llmplat.spec.tree import Path


def explain_engine(
    planned: PlannedModel, loaded: LoadedPlatform, plan: Plan, path: Path
) -> Iterator[Link]:
    """The links inside the cluster; none on one machine or for a service outside."""
    cluster = plan.cluster
    if cluster is None or planned.source is None:
        return
    engine = cluster.workloads.engine(planned.name)
    yield Link("engine", tuple(_engine(engine, cluster, loaded, path)))
    yield Link("queue", tuple(_queue(engine, cluster, loaded)))
    maker = f"Deployment {engine.namespace}/{engine.name}"
    if cluster.workloads.has_kserve:
        maker = f"InferenceService {engine.namespace}/{engine.name}, by KServe"
    yield Link("pods", tuple(_pods(engine, maker, loaded, path)))
    if engine.scaling is not None:
        yield Link("scaling", (_scaling(engine, loaded, path),))
    routing = cluster.workloads.routing
    if routing is None:
        told = f"pods with the role client in {SYSTEM_NAMESPACE}, with the engine key; no tenant"
        yield Link("callers", (reason_at(told, loaded, ("profile",)),))
        return
    route = next(one for one in routing.routes if one.model == planned.name)
    yield from _way_in(route, routing, cluster, loaded)


def _engine(
    engine: ClusterEngine, cluster: ClusterPlan, loaded: LoadedPlatform, path: Path
) -> Iterator[Reason]:
    told = f"{_application('model', engine.launch.model, cluster)}, namespace {engine.namespace}"
    yield reason_at(told, loaded, (*path, "owner"))
    told = f"weights by {engine.delivery.mode} ({engine.delivery.why})"
    yield reason_at(told, loaded, (*path, "delivery"))
    yield Reason(f"weights are the image {engine.delivery.image}", None)
    for secret in engine.secrets:
        told = f"{secret.env} from the Secret {secret.name}, which External Secrets fills"
        yield Reason(told, None)


def _queue(engine: ClusterEngine, cluster: ClusterPlan, loaded: LoadedPlatform) -> Iterator[Reason]:
    if engine.queue is None:
        yield Reason("none: it takes no GPU", None)
        return
    queues = cluster.workloads.queues
    mine = next(queue for queue in queues.queues if queue.owner == engine.owner)
    quotas = ", ".join(f"{count} x {flavor}" for flavor, count in mine.quotas)
    told = f"LocalQueue {engine.namespace}/{engine.queue} -> ClusterQueue {engine.owner}: {quotas}"
    at = [i for i, tenant in enumerate(loaded.platform.tenants) if tenant.name == engine.owner]
    yield reason_at(told, loaded, ("tenants", at[0], "gpuQuota") if at else ("tenants",))
    yield Reason(f"more is borrowed in the cohort {queues.cohort} while others leave it free", None)


def _pods(
    engine: ClusterEngine, maker: str, loaded: LoadedPlatform, path: Path
) -> Iterator[Reason]:
    count = str(engine.least) if engine.least == engine.most else f"{engine.least} to {engine.most}"
    how = "GPU each, by claim" if engine.is_claimed else "GPU each"
    gpus = f", {engine.launch.gpus} {how}" if engine.launch.gpus else ""
    told = f"{maker}: {count} pods{gpus}"
    yield reason_at(told, loaded, (*path, "replicas"))
    if engine.prefill is not None:
        told = (
            f"Deployment {engine.namespace}/{engine.name}{PREFILL}: {engine.prefill.replicas} pods "
            f"that read prompts of {engine.prefill.min_tokens} tokens or more that no cache holds"
        )
        yield reason_at(told, loaded, (*path, "prefill"))
    yield from _places(engine)
    yield Reason(f"image {engine.image}", None)
    yield Reason(
        f"up to {engine.start_s} s to start, {engine.drain_s} s to finish its answers", None
    )
    yield Reason(f"kubectl -n {engine.namespace} get pods -l {MODEL}={engine.launch.model}", None)


def _places(engine: ClusterEngine) -> Iterator[Reason]:
    """Which nodes, and the figures that admission compares."""
    if engine.flavor is not None and engine.flavor.selector:
        labels = ", ".join(f"{key}={value}" for key, value in engine.flavor.selector)
        yield Reason(f"on nodes with {labels}", None)
    figures = dict(engine.launch.annotations)
    if NEEDED_BYTES in figures:
        needed, offered = (format_size(int(figures[key])) for key in (NEEDED_BYTES, OFFERED_BYTES))
        yield Reason(f"needs {needed} at the least of the {offered} it may take of a GPU", None)


def _scaling(engine: ClusterEngine, loaded: LoadedPlatform, path: Path) -> Reason:
    triggers = engine.scaling.triggers if engine.scaling else ()
    bounds = " or ".join(f"{one.threshold:g} requests {one.name}" for one in triggers)
    told = f"KEDA adds a replica above {bounds}, for each replica there is"
    return reason_at(told, loaded, (*path, "replicas", "max"))


def _way_in(
    route: ModelRoute, routing: Routing, cluster: ClusterPlan, loaded: LoadedPlatform
) -> Iterator[Link]:
    """From the pods outwards: who picks one, what leads to the picker, and who may come there."""
    pool = (
        f"InferencePool {route.namespace}/{route.pool}: Deployment {route.router.name} picks a pod"
    )
    yield Link("pool", (Reason(pool, None),))
    told = (
        f"{_application('route', route.model, cluster)}: HTTPRoute {route.namespace}/{route.model} "
        f"takes requests with {MODEL_HEADER}: {route.model}"
    )
    yield Link("route", (Reason(told, None),))
    way = f"Gateway {routing.namespace} ({routing.gateway_class}) at {routing.address}"
    found = [reason_at(way, loaded, ("gateway", "dataPlane"))]
    if cluster.workloads.gateway is not None:
        told = f"{_application('litellm', None, cluster)}: writes that header once keys and limits allow"
        found.append(Reason(told, None))
    yield Link("gateway", tuple(found))


def _application(kind: str, model: str | None, cluster: ClusterPlan) -> str:
    """An Application, its wave and its folder in the rendered tree."""
    name = kind if model is None else f"{kind}-{model}"
    wave = next(one.wave for one in cluster.applications if one.name == name)
    # In a git tree a folder's name ends with the hash of what it holds.
    folder = f"apps/{name}" if cluster.gitops.is_oci else f"apps/{name}-<hash>"
    return f"Application {name} (wave {wave}, objects in {folder})"
