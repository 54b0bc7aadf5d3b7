"""A plan -> what it takes of the machine, and the refusal when that is not there."""

from llmplat.apply.services import LOOPBACK, launches_of, replica_names
from llmplat.domain.errors import Finding, PreconditionError, Severity
from llmplat.domain.substrate import Need, Needs
from llmplat.plan.launch import EngineLaunch
from llmplat.plan.plan import Plan


def needs_of(plan: Plan) -> Needs:
    """Ports, memory and GPUs of every process, and the secrets only the user can supply."""
    needs = []
    for launch in launches_of(plan):
        memory_bytes = launch.limits.memory_bytes
        names = replica_names(launch) if isinstance(launch, EngineLaunch) else (launch.name,)
        for replica, name in enumerate(names):
            needs.append(Need(name, LOOPBACK, launch.port + replica, memory_bytes))
    gpus = sum(one.replicas * one.gpus for one in plan.engines)
    return Needs(tuple(needs), secrets=_external_secrets(plan), gpus=gpus)


def refuse_missing(findings: tuple[Finding, ...], where: str = "This machine") -> None:
    """Raise PreconditionError when `where` lacks anything; one finding is told as the error itself."""
    errors = errors_of(findings)
    if len(errors) == 1:
        only = errors[0]
        raise PreconditionError(only.what, only.why, only.fix, findings=errors)
    if errors:
        raise PreconditionError(
            f"{where} lacks {len(errors)} things that the platform needs.",
            fix=("llmplat doctor",),
            findings=errors,
        )


def errors_of(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that are in the way."""
    return tuple(one for one in findings if one.severity is Severity.ERROR)


def _external_secrets(plan: Plan) -> tuple[str, ...]:
    backends = plan.gateway.backends if plan.gateway is not None else ()
    names = {one.secret for one in backends if one.engine is None and one.secret is not None}
    return tuple(sorted(names))
