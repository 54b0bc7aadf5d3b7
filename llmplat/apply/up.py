"""A platform, its plan and this machine -> a running platform that has answered a real request."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from llmplat.apply.needs import needs_of, refuse_missing
from llmplat.apply.proof import Proof, prove
from llmplat.apply.services import LOOPBACK, launches_of, make_inputs
from llmplat.catalog.entries import Catalog
from llmplat.domain.errors import Finding, LockMissingError, PlanError
from llmplat.domain.ports import Ask, Progress, StepProgress, Substrate
from llmplat.domain.substrate import Places, SubstrateOutputs
from llmplat.plan.make import make_plan
from llmplat.plan.plan import Plan
from llmplat.spec.lock import Lock
from llmplat.spec.platform import Platform

_TOKENS_OF_A_START = 12
_TOKENS_OF_A_CHECK = 3


class FetchModel(Protocol):
    """Brings a model's files onto this machine."""

    def __call__(self, name: str, source: str, lock: Lock | None, progress: Progress) -> Path:
        """The folder that holds them, complete and checked."""
        ...


@dataclass(frozen=True)
class UpTools:
    """What `up` needs of the world."""

    substrate: Substrate
    catalog: Catalog
    install: Callable[[str, Progress], Path]
    """A runtime's name -> the python of its environment."""
    is_installed: Callable[[str], bool]
    fetch: FetchModel
    make_lock: Callable[[Progress], Lock]
    """Looks at the world, writes the lock file and returns it."""
    keys_json: Callable[[Places], str]
    """What the gateway knows keys by: hashes only."""
    ask: Ask


@dataclass(frozen=True)
class UpReport:
    """What `up` did and what answers now."""

    platform: str
    profile: str
    gateway_url: str | None
    models: tuple[str, ...]
    tenants: tuple[str, ...]
    """As TENANT/APP, for the key command."""
    proofs: tuple[Proof, ...]
    started: tuple[str, ...]
    replaced: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    took_s: float


@dataclass(frozen=True)
class UpPreview:
    """What `up` would do; nothing was changed."""

    platform: str
    profile: str
    gateway_url: str | None
    missing: tuple[Finding, ...]
    install: tuple[str, ...]
    models: tuple[str, ...]
    run: tuple[str, ...]
    running: tuple[str, ...]


@dataclass(frozen=True)
class FitConsent:
    """What the user agreed to about models that do not fit their GPU for certain."""

    is_unfit_accepted: bool = False
    is_tight_accepted: bool = False
    ask: Callable[[str], bool] | None = None
    """Asks a person; None where nobody is there to answer."""


def up(
    platform: Platform,
    lock: Lock | None,
    tools: UpTools,
    progress: Progress,
    consent: FitConsent = FitConsent(),
) -> UpReport:
    """Bring the platform up, step by step; each step may be killed and run again.

    Raises:
        BusyError: another run holds the platform.
        DoesNotFitError: a model does not fit its GPU; nothing was started.
        PlanError: a model is tight and `consent` does not cover it; nothing was started.
        PreconditionError: ports, memory, disk or secrets are missing (all findings at once).
        SubstrateError: a service died while it started, with its last lines and a reason.
        TimedOutError: a service is not ready within its budget.
        GatewayError: everything runs, but the proof was refused.
    """
    began = time.monotonic()
    with tools.substrate.claim("up"):
        found, plan = _plan(platform, lock, tools, progress, consent)
        _agree(plan, consent)
        for warning in plan.warnings:
            progress.warn(warning)
        with _step("Check this machine", tools, progress) as step:
            refuse_missing(tools.substrate.preflight(needs_of(plan)))
            step.detail("ready")
        pythons = _install(plan, tools, progress)
        folders = _fetch(plan, found, tools, progress)
        tools.substrate.mark("up", "prepare")
        places = tools.substrate.prepare()
        inputs = make_inputs(plan, places, pythons, folders, tools.keys_json(places))
        outputs = tools.substrate.up(inputs, progress)
        with _step("Ask for a first answer", tools, progress) as step:
            is_new = bool(outputs.started or outputs.restarted)
            tokens = _TOKENS_OF_A_START if is_new else _TOKENS_OF_A_CHECK
            proofs = prove(plan, outputs.gateway_url, places.system_key, tools.ask, tokens)
            step.detail(_in_words(proofs))
        return _report(plan, outputs, proofs, time.monotonic() - began)


def preview_up(
    platform: Platform, lock: Lock | None, tools: UpTools, *, is_unfit_accepted: bool = False
) -> UpPreview:
    """What `up` would do, changing nothing; LockMissingError when there is too little to plan by."""
    plan = make_plan(platform, lock, tools.catalog, is_unfit_accepted=is_unfit_accepted)
    needs = needs_of(plan)
    status = tools.substrate.status()
    runtimes = dict.fromkeys(launch.runtime for launch in launches_of(plan))
    return UpPreview(
        platform=plan.platform,
        profile=plan.profile,
        gateway_url=_url(plan),
        missing=tools.substrate.preflight(needs),
        install=tuple(name for name in runtimes if not tools.is_installed(name)),
        models=tuple(model.name for model in plan.models),
        run=tuple(need.service for need in needs.services),
        running=tuple(one.name for one in status.services if one.pid is not None),
    )


def _plan(
    platform: Platform,
    lock: Lock | None,
    tools: UpTools,
    progress: Progress,
    consent: FitConsent,
) -> tuple[Lock, Plan]:
    is_accepted = consent.is_unfit_accepted
    if lock is not None:
        with suppress(LockMissingError):
            return lock, make_plan(platform, lock, tools.catalog, is_unfit_accepted=is_accepted)
    tools.substrate.mark("up", "lock")
    found = tools.make_lock(progress)
    return found, make_plan(platform, found, tools.catalog, is_unfit_accepted=is_accepted)


def _agree(plan: Plan, consent: FitConsent) -> None:
    """Go on with tight models only where somebody said so."""
    if not plan.tight or consent.is_tight_accepted:
        return
    why = "; ".join(plan.tight)
    if consent.ask is not None and consent.ask(f"{why}. Start all the same?"):
        return
    raise PlanError(
        "A model may not fit its GPU, so nothing was started.",
        why=why,
        fix=("llmplat up --accept-tight", "llmplat gpu-fit says what would make it fit"),
    )


def _install(plan: Plan, tools: UpTools, progress: Progress) -> dict[str, Path]:
    tools.substrate.mark("up", "install")
    runtimes = dict.fromkeys(launch.runtime for launch in launches_of(plan))
    return {runtime: tools.install(runtime, progress) for runtime in runtimes}


def _fetch(plan: Plan, lock: Lock, tools: UpTools, progress: Progress) -> dict[str, Path]:
    tools.substrate.mark("up", "model")
    return {
        model.name: tools.fetch(model.name, model.source, lock, progress)
        for model in plan.models
        if model.source is not None and model.ports
    }


@contextmanager
def _step(text: str, tools: UpTools, progress: Progress) -> Iterator[StepProgress]:
    tools.substrate.mark("up", text)
    with progress.step(text) as step:
        yield step


def _url(plan: Plan) -> str | None:
    return f"http://{LOOPBACK}:{plan.gateway.port}" if plan.gateway is not None else None


def _in_words(proofs: tuple[Proof, ...]) -> str:
    return "; ".join(
        f"{proof.model}: {proof.tokens} tokens in {proof.took_s:.2f} s" for proof in proofs
    )


def _report(
    plan: Plan, outputs: SubstrateOutputs, proofs: tuple[Proof, ...], took_s: float
) -> UpReport:
    return UpReport(
        platform=plan.platform,
        profile=plan.profile,
        gateway_url=_url(plan),
        models=tuple(model.name for model in plan.models),
        tenants=tuple(
            f"{tenant.name}/{app}"
            for tenant in plan.tenants
            for app in tenant.apps
            if tenant.name != "platform"
        ),
        proofs=proofs,
        started=outputs.started,
        replaced=outputs.restarted,
        removed=outputs.removed,
        kept=outputs.kept,
        took_s=round(took_s, 3),
    )
