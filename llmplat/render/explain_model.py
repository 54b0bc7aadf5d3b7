"""One model followed from its line in the file to its pods and to whoever may call it."""

from collections.abc import Iterator
from dataclasses import dataclass

from llmplat.domain.units import format_size
from llmplat.plan.cluster.cluster import ClusterPlan
from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.plan.cluster.scaling import PREFILL
from llmplat.plan.plan import Plan
from llmplat.plan.planned import PlannedModel
from llmplat.render.reasons import Reason, reason_at
from llmplat.spec.load import LoadedPlatform
from llmplat.spec.model import DATA_CLASSES
from llmplat.spec.tree import Path


@dataclass(frozen=True)
class ModelExplanation:
    """One model and every link from the file to its pods."""

    name: str
    links: tuple["Link", ...]


@dataclass(frozen=True)
class Link:
    """One link of the chain."""

    part: str
    """file, lock, memory, engine, queue, pods, scaling, pool, route, gateway, tenants ..."""
    told: tuple[Reason, ...]


def explain_model(name: str, loaded: LoadedPlatform, plan: Plan) -> ModelExplanation:
    """The chain of the model called `name`, which the file has."""
    index = next(i for i, model in enumerate(loaded.platform.models) if model.name == name)
    path: Path = ("models", index)
    planned = plan.models[index]
    links = [
        Link("file", (reason_at(f"{planned.kind} model of {planned.owner}", loaded, path),)),
        Link("source", tuple(_source(planned, loaded, path))),
        *([Link("memory", tuple(_memory(planned, loaded, path)))] if planned.memory else []),
        *_in_cluster(planned, loaded, plan, path),
        *_before_it(planned, loaded, plan, path),
    ]
    return ModelExplanation(name, tuple(links))


def _source(planned: PlannedModel, loaded: LoadedPlatform, path: Path) -> Iterator[Reason]:
    if planned.source is None:
        yield reason_at(f"answered by {', '.join(planned.backends)}", loaded, (*path, "backend"))
        return
    told = f"{planned.source} at {planned.revision} (from the lock)"
    yield reason_at(told, loaded, (*path, "source"))


def _memory(planned: PlannedModel, loaded: LoadedPlatform, path: Path) -> Iterator[Reason]:
    need = planned.memory
    if need is None:
        return
    where = "the processor" if planned.gpu is None else f"the GPU {planned.gpu}"
    yield reason_at(f"on {where} with {planned.runtime}", loaded, (*path, "gpu"))
    yield Reason(
        f"{format_size(need.total_bytes)} each: weights {format_size(need.weights_bytes)}, KV cache "
        f"{format_size(need.kv_cache_bytes)}, engine {format_size(need.overhead_bytes)}",
        None,
    )
    told = f"context {planned.context} tokens"
    yield reason_at(told, loaded, (*path, "context"))
    told = f"{planned.capacity.running} requests at once in all replicas"
    yield reason_at(told, loaded, (*path, "concurrency"))


def _in_cluster(
    planned: PlannedModel, loaded: LoadedPlatform, plan: Plan, path: Path
) -> Iterator[Link]:
    cluster = plan.cluster
    if cluster is None or planned.source is None:
        return
    engine = cluster.workloads.engine(planned.name)
    yield Link("engine", tuple(_engine(engine, cluster, loaded, path)))
    yield Link("queue", tuple(_queue(engine, cluster, loaded)))
    yield Link("pods", tuple(_pods(engine, loaded, path)))
    if engine.scaling is not None:
        yield Link("scaling", (_scaling(engine, loaded, path),))
    routing = cluster.workloads.routing
    for route in routing.routes if routing else ():
        if route.model == planned.name and routing is not None:
            pool = (
                f"InferencePool {route.namespace}/{route.pool}, picked from by {route.router.name}"
            )
            yield Link("pool", (Reason(pool, None),))
            told = f"HTTPRoute in {route.namespace}, on Application {_application('route', engine)}"
            yield Link("route", (Reason(told, None),))
            way = f"Gateway {routing.namespace} ({routing.gateway_class}) at {routing.address}"
            yield Link("gateway", (reason_at(way, loaded, ("gateway", "dataPlane")),))


def _engine(
    engine: ClusterEngine, cluster: ClusterPlan, loaded: LoadedPlatform, path: Path
) -> Iterator[Reason]:
    name = _application("model", engine)
    wave = next(one.wave for one in cluster.applications if one.name == name)
    told = f"Application {name} in wave {wave}, namespace {engine.namespace}"
    yield reason_at(told, loaded, (*path, "owner"))
    told = f"weights by {engine.delivery.mode} from {engine.delivery.image}"
    yield reason_at(told, loaded, (*path, "delivery"))


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


def _pods(engine: ClusterEngine, loaded: LoadedPlatform, path: Path) -> Iterator[Reason]:
    count = str(engine.least) if engine.least == engine.most else f"{engine.least} to {engine.most}"
    how = "GPU each, by claim" if engine.is_claimed else "GPU each"
    gpus = f", {engine.launch.gpus} {how}" if engine.launch.gpus else ""
    told = f"Deployment {engine.namespace}/{engine.name}: {count} pods{gpus}"
    yield reason_at(told, loaded, (*path, "replicas"))
    if engine.prefill is not None:
        told = (
            f"Deployment {engine.namespace}/{engine.name}{PREFILL}: {engine.prefill.replicas} pods "
            f"that read prompts of {engine.prefill.min_tokens} tokens or more that no cache holds"
        )
        yield reason_at(told, loaded, (*path, "prefill"))
    yield Reason(f"image {engine.image}", None)
    yield Reason(f"up to {engine.start_s} s to start, {engine.drain_s} s to finish answers", None)


def _scaling(engine: ClusterEngine, loaded: LoadedPlatform, path: Path) -> Reason:
    triggers = engine.scaling.triggers if engine.scaling else ()
    bounds = " or ".join(f"{one.name} above {one.threshold:g} each" for one in triggers)
    told = f"one replica more: {bounds}"
    return reason_at(told, loaded, (*path, "replicas", "max"))


def _before_it(
    planned: PlannedModel, loaded: LoadedPlatform, plan: Plan, path: Path
) -> Iterator[Link]:
    """The LLM gateway and the tenants in front of it."""
    if plan.gateway is None:
        return
    capacity = planned.capacity
    told = f"admits {capacity.running} at once and {capacity.waiting} waiting, then refuses"
    window = reason_at(told, loaded, ("gateway", "waitingPerReplica"))
    yield Link("admission", (window,))
    told = ", ".join(_callers(planned, loaded)) or "nobody but the platform itself"
    yield Link("tenants", (reason_at(told, loaded, ("tenants",)),))
    yield Link("price", (reason_at(planned.price.how, loaded, (*path, "price")),))


def _callers(planned: PlannedModel, loaded: LoadedPlatform) -> Iterator[str]:
    """Tenants that name the model, or all models, and are cleared for what it knows."""
    class_needed = DATA_CLASSES.index(planned.data_class)
    for tenant in loaded.platform.tenants:
        is_named = bool({"*", planned.name, *planned.aliases} & set(tenant.models))
        if is_named and DATA_CLASSES.index(tenant.data_class) >= class_needed:
            yield tenant.name


def _application(kind: str, engine: ClusterEngine) -> str:
    return f"{kind}-{engine.launch.model}"
