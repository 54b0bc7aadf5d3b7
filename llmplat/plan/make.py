"""Turns a platform file, its lock and the catalogue into a Plan."""

from dataclasses import replace
from typing import TYPE_CHECKING

from llmplat.catalog.entries import Catalog
from llmplat.catalog.through_mirror import through_mirror
from llmplat.domain.errors import Finding, LockMissingError, PlanError
from llmplat.plan.cluster.substrate import substrate_of
from llmplat.plan.gateway import make_gateway, timeouts_of
from llmplat.plan.implied import switches_of
from llmplat.plan.layers import make_stack
from llmplat.plan.plan import Plan
from llmplat.plan.planned import PlannedTenant
from llmplat.plan.policy import all_tenants, allowed_models
from llmplat.plan.serve import Served, serve_model
from llmplat.spec.platform import Platform

if TYPE_CHECKING:
    from llmplat.spec.keys import KeysFile
    from llmplat.spec.lock import Lock

GATEWAY_LAYER = "llm-gateway"
ADOPTED = (
    "argo-cd is turned off, so one that is there is adopted: waves wait only when its argocd-cm holds "
    "the health scripts that `llmplat explain argo-cd` shows with it turned on"
)

UNHEARD = (
    "alerts are not sent to anybody: without alertReceiver they stay in Alertmanager, where somebody "
    "has to look"
)


def make_plan(
    platform: Platform,
    lock: "Lock | None",
    catalog: Catalog,
    *,
    keys: "KeysFile | None" = None,
    is_unfit_accepted: bool = False,
) -> Plan:
    """Everything that follows from `platform`; reads no clock, no network, only shipped data.

    Raises LockMissingError when the lock lacks a model, PlanError (or DoesNotFitError) when wishes
    cannot be met together, each with figures and a fix. `keys` are rendered for a cluster; on this
    machine they are files of their own. With `is_unfit_accepted` a model that does
    not fit its GPU is planned all the same, with a warning.
    """
    catalog = through_mirror(catalog, platform.mirror_place)
    substrate = substrate_of(platform, catalog)
    stack = make_stack(platform.profile, substrate, switches_of(platform), catalog)
    port = platform.substrate.local.port if platform.substrate.local else 0
    served = _serve_all(
        platform, lock, catalog, first_port=port + 1, is_unfit_accepted=is_unfit_accepted
    )
    models = tuple(one.model for one in served)
    with_gateway = any(layer.name == GATEWAY_LAYER for layer in stack.layers)
    plan = Plan(
        platform=platform.name,
        profile=platform.profile,
        substrate=substrate.name,
        layers=stack.layers,
        components=stack.components,
        left_out=stack.left_out,
        models=models,
        tenants=_tenants(platform) if with_gateway else (),
        timeouts=timeouts_of(platform),
        engines=tuple(one.engine for one in served if one.engine is not None),
        gateway=make_gateway(platform, models, port, catalog) if with_gateway else None,
        warnings=tuple(warning for one in served for warning in one.warnings),
        tight=tuple(reason for one in served for reason in one.tight),
    )
    given = platform.substrate.cluster or platform.substrate.gke
    return plan if given is None else _with_cluster(plan, platform, lock, catalog, keys)


def _with_cluster(
    plan: Plan,
    platform: Platform,
    lock: "Lock | None",
    catalog: Catalog,
    keys: "KeysFile | None",
) -> Plan:
    """`plan` with what a cluster needs beyond launches."""
    # Only clusters pay for these modules: a plan of this machine starts a tenth sooner.
    from llmplat.plan.cluster.cluster import make_cluster  # noqa: PLC0415 (see above)
    from llmplat.plan.cluster.compatible import check_compatible  # noqa: PLC0415 (see above)
    from llmplat.plan.cluster.ground import Ground  # noqa: PLC0415 (see above)

    given = platform.substrate.cluster or platform.substrate.gke
    ground = Ground(
        platform=platform,
        lock=lock,
        catalog=catalog,
        substrate=substrate_of(platform, catalog),
        kubernetes=given.kubernetes if given else "",
        layers=plan.layers,
        components=plan.components,
        models=plan.models,
        engines=plan.engines,
        gateway=plan.gateway,
        keys=keys,
    )
    check_compatible(ground)
    adopted = () if ground.runs("argo-cd") else (ADOPTED,)
    is_unheard = ground.runs("observability") and platform.alert_receiver is None
    unheard = (UNHEARD,) if is_unheard else ()
    return replace(
        plan, cluster=make_cluster(ground), warnings=(*plan.warnings, *adopted, *unheard)
    )


def _serve_all(
    platform: Platform,
    lock: "Lock | None",
    catalog: Catalog,
    *,
    first_port: int,
    is_unfit_accepted: bool,
) -> tuple[Served, ...]:
    """Every model, or one error that holds all that is wrong with any of them."""
    served: list[Served] = []
    faults: list[PlanError | LockMissingError] = []
    port = first_port
    free = list(lock.gpus) if lock is not None else []
    for model in platform.models:
        try:
            one = serve_model(
                model, platform, lock, catalog, port, free, is_unfit_accepted=is_unfit_accepted
            )
        except (PlanError, LockMissingError) as fault:
            faults.append(fault)
            continue
        served.append(one)
        port += one.engine.replicas if one.engine else 0
        del free[: one.engine.replicas * one.engine.gpus if one.engine else 0]
    if faults:
        raise _together(faults)
    return tuple(served)


def _together(faults: list[PlanError | LockMissingError]) -> PlanError | LockMissingError:
    if len(faults) == 1:
        return faults[0]
    findings = tuple(Finding(f.code, f.what, f.why, f.fix) for f in faults)
    what = f"{len(faults)} models cannot be served as asked."
    if all(isinstance(fault, LockMissingError) for fault in faults):
        return LockMissingError(what, fix=("llmplat lock",), findings=findings)
    return PlanError(what, findings=findings)


def _tenants(platform: Platform) -> tuple[PlannedTenant, ...]:
    return tuple(
        PlannedTenant(
            name=tenant.name,
            budget_nanousd=tenant.budget.nanousd,
            period=tenant.budget.period,
            priority_class=tenant.priority_class,
            models=tuple(allowed_models(tenant.models, tenant.data_class, platform)),
            apps=tuple(app.name for app in tenant.apps),
        )
        for tenant in all_tenants(platform)
    )
