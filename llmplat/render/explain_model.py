"""One model followed from its line in the file to its pods and to whoever may call it."""

from collections.abc import Iterator
from dataclasses import dataclass

from llmplat.domain.units import format_size
from llmplat.plan.plan import Plan
from llmplat.plan.planned import PlannedModel
from llmplat.render.explain_engine import explain_engine
from llmplat.render.reasons import Link, Reason, reason_at
from llmplat.spec.data_class import DATA_CLASSES
from llmplat.spec.load import LoadedPlatform
from llmplat.spec.tree import Path


@dataclass(frozen=True)
class ModelExplanation:
    """One model and every link from the file to its pods."""

    name: str
    links: tuple[Link, ...]


def explain_model(name: str, loaded: LoadedPlatform, plan: Plan) -> ModelExplanation:
    """The chain of the model called `name`, which the file has."""
    index = next(i for i, model in enumerate(loaded.platform.models) if model.name == name)
    path: Path = ("models", index)
    planned = plan.models[index]
    links = [
        Link("file", (reason_at(f"{planned.kind} model of {planned.owner}", loaded, path),)),
        Link("source", tuple(_source(planned, loaded, path))),
        *([Link("memory", tuple(_memory(planned, loaded, path)))] if planned.memory else []),
        *explain_engine(planned, loaded, plan, path),
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
