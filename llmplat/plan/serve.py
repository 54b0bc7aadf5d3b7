"""Turns one model of the file into the model as planned and the engine behind it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmplat.catalog.entries import Catalog
from llmplat.domain.errors import DoesNotFitError, PlanError
from llmplat.plan.capacity import Sizing, capacity_of, size_model
from llmplat.plan.engine import free_options, make_engine
from llmplat.plan.facts import ModelFacts, facts_of
from llmplat.plan.gateway import backends_of
from llmplat.plan.hardware import hardware_of, offered_gpus
from llmplat.plan.launch import Backend, EngineLaunch
from llmplat.plan.planned import PlannedMemory, PlannedModel, PlannedOverflow, PlannedPrice
from llmplat.plan.prices import given_price, price_of
from llmplat.spec.data_class import DATA_CLASSES
from llmplat.spec.model import Model
from llmplat.spec.overflow import Overflow
from llmplat.spec.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmplat.spec.lock import Lock, LockedGpu

DEFAULT_MAX_TOKENS = 256
"""Answer tokens of a request that names none."""


@dataclass(frozen=True)
class Served:
    """One model and, unless an external service answers for it, its engine."""

    model: PlannedModel
    engine: EngineLaunch | None
    warnings: tuple[str, ...] = ()
    tight: tuple[str, ...] = ()
    """Why it fits its GPU by the best estimate only; empty when it fits."""


def serve_model(  # noqa: PLR0913 (the platform's parts and what earlier models left)
    model: Model,
    platform: Platform,
    lock: "Lock | None",
    catalog: Catalog,
    port: int,
    free: "Sequence[LockedGpu]" = (),
    *,
    is_unfit_accepted: bool = False,
) -> Served:
    """`model` as planned; its engine's replicas take `port` and the ports behind it, and GPUs of `free`.

    On a cluster `gpu: auto` is the smallest GPU it offers that the model fits with certainty, else
    the smallest that it may fit. Raises LockMissingError when nothing is known of it, PlanError when it cannot be served, a
    model that does not fit its GPU among them unless `is_unfit_accepted`.
    """
    if model.external:
        return Served(_external(model, platform, catalog), None)
    choices = offered_gpus(platform, catalog) if model.gpu == "auto" else ()
    tried: list[Served] = []
    for gpu in choices:
        on_gpu = model.model_copy(update={"gpu": gpu})
        try:
            tried.append(_serve(on_gpu, platform, lock, catalog, port, free))
        except DoesNotFitError:
            continue
        if not tried[-1].tight:
            return tried[-1]
    if tried:
        return tried[0]
    last = model.model_copy(update={"gpu": choices[-1]}) if choices else model
    return _serve(last, platform, lock, catalog, port, free, is_unfit_accepted=is_unfit_accepted)


def _serve(  # noqa: PLR0913 (as serve_model)
    model: Model,
    platform: Platform,
    lock: "Lock | None",
    catalog: Catalog,
    port: int,
    free: "Sequence[LockedGpu]" = (),
    *,
    is_unfit_accepted: bool = False,
) -> Served:
    facts = facts_of(model, lock, catalog)
    hardware = hardware_of(model, platform, catalog, free)
    options = free_options(model, hardware)
    sizing = size_model(model, facts, hardware, options, is_unfit_accepted=is_unfit_accepted)
    engine = make_engine(model, sizing, hardware, port)
    price = price_of(model, hardware, facts.weights_bytes, catalog)
    planned = _planned(model, platform, sizing.context, sizing.running, price)
    tight = sizing.on_gpu.warnings if sizing.on_gpu and sizing.on_gpu.is_tight else ()
    told = _with_engine(planned, engine, facts, sizing)
    told = replace(told, usd_per_hour=hardware.usd_per_hour)
    if platform.substrate.local is None:
        told = replace(told, ports=())
    return Served(told, engine, sizing.warnings, tight)


def _external(model: Model, platform: Platform, catalog: Catalog) -> PlannedModel:
    price = price_of(model, None, 0, catalog)
    if model.context is None:
        raise PlanError(
            f"The model {model.name} needs a context.",
            why="an external service answers for it, so its longest request is not known here.",
            fix=(f"set context: 32768 (what the service allows) for {model.name}",),
        )
    return _planned(model, platform, model.context, model.concurrency, price)


def _planned(
    model: Model, platform: Platform, context: int, running: int, price: PlannedPrice
) -> PlannedModel:
    backends = backends_of(model)
    most = _max_tokens(model, context)
    return PlannedModel(
        name=model.name,
        aliases=model.aliases,
        kind=model.kind,
        owner=model.owner,
        data_class=model.data_class,
        source=model.source,
        revision=None,
        digest=None,
        context=context,
        default_max_tokens=model.default_max_tokens or min(DEFAULT_MAX_TOKENS, most),
        max_tokens=most,
        runtime=None,
        gpu=None,
        replicas=len(backends),
        ports=(),
        memory=None,
        capacity=capacity_of(model, running, platform.gateway.waiting_per_replica),
        price=price,
        backends=tuple(_told(backend) for backend in backends),
        is_external=bool(model.external),
        overflow=tuple(_overflow(model, way, platform) for way in model.overflow),
    )


def _overflow(model: Model, way: Overflow, platform: Platform) -> PlannedOverflow:
    tenants = [
        tenant.name
        for tenant in platform.tenants
        if may_leave(way.data_class, model.data_class, tenant.data_class)
    ]
    return PlannedOverflow(
        url=way.url,
        use=way.use,
        data_class=way.data_class,
        price=given_price(way.price),
        tenants=tuple(tenants),
    )


def may_leave(allowed: str, *data_classes: str) -> bool:
    """Whether data of these classes may be sent to a service that may see `allowed`."""
    return all(DATA_CLASSES.index(one) <= DATA_CLASSES.index(allowed) for one in data_classes)


def _with_engine(
    planned: PlannedModel, engine: EngineLaunch, facts: ModelFacts, sizing: Sizing
) -> PlannedModel:
    return replace(
        planned,
        revision=facts.revision,
        digest=facts.digest,
        runtime=engine.runtime,
        gpu=sizing.gpu,
        ports=tuple(range(engine.port, engine.port + engine.replicas)),
        memory=_memory(sizing),
    )


def _max_tokens(model: Model, context: int) -> int:
    if model.max_tokens is not None and model.max_tokens > context:
        raise PlanError(
            f"The model {model.name} cannot answer with {model.max_tokens} tokens.",
            why=f"prompt and answer together are at most its context, {context} tokens.",
            fix=(f"set maxTokens: {context} or less for {model.name}",),
        )
    return model.max_tokens or context


def _memory(sizing: Sizing) -> PlannedMemory:
    need = sizing.memory
    return PlannedMemory(
        weights_bytes=need.weights_bytes,
        kv_cache_bytes=need.kv_cache_bytes,
        overhead_bytes=need.overhead_bytes,
        total_bytes=need.total_bytes,
        kv_bytes_per_token=sizing.kv_bytes_per_token,
        kv_tokens=sizing.kv_tokens,
        how=sizing.how,
    )


def _told(backend: Backend) -> str:
    return backend.url if backend.url is not None else f"{backend.engine}/{backend.replica}"
