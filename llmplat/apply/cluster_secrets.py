"""The secrets that a plan names -> which of them the backend lacks."""

from collections.abc import Iterator

from llmplat.domain.cluster import Cluster, ObjectRef
from llmplat.domain.errors import Finding, PreconditionError, Severity
from llmplat.domain.secrets import SecretBackend
from llmplat.plan.cluster.gateway import SYSTEM_KEY
from llmplat.plan.cluster.secrets import BACKEND_NAMESPACE, VALUE
from llmplat.plan.plan import Plan

CODE = "need-missing"


def missing_secrets(cluster: Cluster, plan: Plan) -> tuple[Finding, ...]:
    """One finding that names every secret the backend lacks; a note where it cannot be seen."""
    assert plan.cluster is not None  # noqa: S101 (only called for clusters)
    secrets = plan.cluster.workloads.secrets
    if secrets.store.backend != "kubernetes":
        return (
            Finding(
                CODE,
                f"Whether the secrets are there is not looked up in {secrets.store.backend}.",
                "llmplat secrets list shows what that backend holds",
                severity=Severity.NOTE,
            ),
        )
    names = sorted({secret.remote for secret in secrets.secrets})
    missing = [name for name in names if not _has(cluster, name)]
    return tuple(_told(missing)) if missing else ()


def system_key(backend: SecretBackend, plan: Plan) -> str:
    """The platform's own key; PreconditionError when the backend has none."""
    name = f"{plan.platform}-{SYSTEM_KEY.secret}"
    value = backend.read(name)
    if not value:
        raise PreconditionError(
            f"The secret {name} is not there.",
            f"{backend.place} does not hold it",
            ("llmplat secrets seed",),
        )
    return value


def _has(cluster: Cluster, name: str) -> bool:
    found = cluster.get(ObjectRef("v1", "Secret", BACKEND_NAMESPACE, name))
    return bool(((found or {}).get("data") or {}).get(VALUE))


def _told(missing: list[str]) -> Iterator[Finding]:
    yield Finding(
        CODE,
        f"{len(missing)} secrets are missing in the namespace {BACKEND_NAMESPACE}.",
        f"no Secret with the key {VALUE!r}: {', '.join(missing)}",
        ("llmplat secrets seed",),
    )
