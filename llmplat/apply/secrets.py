"""The secrets that a plan names, and a backend -> what it has, what is made, who must restart.

Values are generated here or come from the caller's standard input; they leave only into the backend.
"""

import secrets
from dataclasses import dataclass

from llmplat.apply.secret_reports import ListedSecret, SecretList, SecretRotated, SecretsSeeded
from llmplat.domain.errors import InputError, LlmplatError, PreconditionError, SecretGuardedError
from llmplat.domain.secrets import SecretBackend
from llmplat.plan.cluster.experience import PLACES
from llmplat.plan.cluster.secrets import PlannedSecret
from llmplat.plan.console import NAME as CONSOLE
from llmplat.plan.plan import Plan

_GENERATED = {
    "engine-key": "",
    "redis-password": "",
    "litellm-master-key": "sk-",
    "system-key": "sk-llmplat-",
    "open-webui-session-key": "",
    "grafana-admin": "",
    "dex-client-secret": "",
    "n8n-encryption-key": "",
    "langfuse-admin-password": "",
    "langfuse-encryption-key": "",
    "langfuse-nextauth-secret": "",
    "langfuse-project-key": "sk-lf-",
    "langfuse-redis-password": "",
    "langfuse-salt": "",
    **{f"{page}-cookie-key": "" for page in (*PLACES, CONSOLE)},
}
"""Names that a random value does for -> what that begins with; the others a person must bring."""
_WRITE_ONCE = {
    "open-webui-session-key": "Open WebUI encrypts stored sign-ins with it",
    "n8n-encryption-key": "n8n encrypts stored credentials with it",
    "langfuse-encryption-key": "Langfuse encrypts stored keys with it",
    "langfuse-salt": "Langfuse hashes the keys of its projects with it",
    "litellm-salt-key": "LiteLLM encrypts stored provider keys with it",
}
"""What another value would make unreadable for good."""
_HEX = ("langfuse-encryption-key",)
"""Of them those that are wanted as 64 hexadecimal digits."""
_KEY_BYTES = 32
"""43 characters of URL-safe base64."""
_PRIVATE_KEY = "-----BEGIN "
"""What may have several lines: git by SSH is read with such a key."""
_LONGEST = 64 * 1024
"""Bytes; Secret Manager takes no more (https://cloud.google.com/secret-manager/quotas)."""


@dataclass(frozen=True)
class WantedSecret:
    """One secret of the platform by its short name."""

    name: str
    remote: str
    """In the backend."""
    readers: tuple[str, ...]
    """namespace/component, sorted."""
    restarts: tuple[str, ...]
    """Those of them that read it only when they start."""
    is_generated: bool
    write_once: str | None
    """Why its value must stay; None when it may change."""


def wanted_secrets(plan: Plan) -> tuple[WantedSecret, ...]:
    """Every secret of the plan, by name; PreconditionError on this machine, which makes its own."""
    if plan.cluster is None:
        raise PreconditionError(
            "The secrets of this machine are files that llmplat makes itself.",
            why="only a cluster keeps its secrets in a backend",
            fix=("llmplat up",),
        )
    by_name: dict[str, list[PlannedSecret]] = {}
    for one in plan.cluster.workloads.secrets.secrets:
        by_name.setdefault(one.name, []).append(one)
    return tuple(_wanted(name, by_name[name]) for name in sorted(by_name))


def list_secrets(plan: Plan, backend: SecretBackend) -> SecretList:
    """Names, ages, versions and readers; never values."""
    wanted = wanted_secrets(plan)
    stored = {one.name: one for one in backend.stored(tuple(one.remote for one in wanted))}
    rows = []
    for one in wanted:
        found = stored.get(one.remote)
        rows.append(
            ListedSecret(
                name=one.name,
                remote=one.remote,
                is_set=found is not None,
                versions=found.versions if found else 0,
                changed=found.changed if found else "",
                origin="generated" if one.is_generated else "yours",
                is_write_once=one.write_once is not None,
                readers=one.readers,
            )
        )
    return SecretList(plan.platform, backend.place, tuple(rows))


def seed_secrets(
    plan: Plan,
    backend: SecretBackend,
    name: str | None = None,
    value: str | None = None,
    *,
    is_dry_run: bool = False,
) -> SecretsSeeded:
    """Make what is absent; what is there stays as it is.

    With a name only that one is seeded, with `value` where one is given.

    Raises:
        InputError: no such secret, a value for one that is not named, or an unusable value.
    """
    wanted = wanted_secrets(plan) if name is None else (_find(plan, name),)
    if value is not None and name is None:
        raise InputError(
            "A value on standard input needs the name of its secret.",
            fix=("llmplat secrets seed NAME --stdin",),
        )
    stored = {one.name for one in backend.stored(tuple(one.remote for one in wanted))}
    made, kept, wanting = [], [], []
    for one in wanted:
        fresh = _checked(value) if value is not None else _generate(one)
        if one.remote in stored:
            kept.append(one.name)
        elif fresh is None:
            wanting.append(one.name)
        elif is_dry_run or backend.create(one.remote, fresh):
            made.append(one.name)
        else:
            kept.append(one.name)
    return SecretsSeeded(
        plan.platform, backend.place, is_dry_run, tuple(made), tuple(kept), tuple(wanting)
    )


def rotate_secret(
    plan: Plan,
    backend: SecretBackend,
    name: str,
    value: str | None = None,
    *,
    is_loss_accepted: bool = False,
    is_dry_run: bool = False,
) -> SecretRotated:
    """Put a new value in place of the old one.

    Raises:
        InputError: no such secret, it has no value yet, or no value was given for one of yours.
        SecretGuardedError: it is written once and `is_loss_accepted` is false.
    """
    one = _find(plan, name)
    if not backend.stored((one.remote,)):
        raise InputError(
            f"The secret {one.name} has no value yet.",
            f"{backend.place} holds none under {one.remote}",
            (f"llmplat secrets seed {one.name}",),
        )
    if one.write_once is not None and not is_loss_accepted:
        raise SecretGuardedError(
            f"The secret {one.name} is written once and has a value.",
            f"{one.write_once}; another value makes that unreadable for good",
            (f"llmplat secrets rotate {one.name} --accept-loss",),
        )
    fresh = _checked(value) if value is not None else _generate(one)
    if fresh is None:
        raise _yours(one, "rotate")
    version = 0 if is_dry_run else backend.replace(one.remote, fresh)
    return SecretRotated(
        plan.platform, backend.place, is_dry_run, one.name, version, one.restarts, _commands(one)
    )


def refuse_wanting(report: SecretsSeeded) -> None:
    """Raise PreconditionError when a secret waits for a person."""
    if not report.wanting:
        return
    names = ", ".join(report.wanting)
    raise PreconditionError(
        f"{len(report.wanting)} secrets wait for a value from you: {names}.",
        f"{report.place} has none, and a random one would not do",
        tuple(f"llmplat secrets seed {name} --stdin < FILE" for name in report.wanting),
    )


def _wanted(name: str, uses: list[PlannedSecret]) -> WantedSecret:
    return WantedSecret(
        name=name,
        remote=uses[0].remote,
        readers=tuple(sorted({f"{one.namespace}/{one.component}" for one in uses})),
        restarts=tuple(sorted({f"{one.namespace}/{one.component}" for one in uses if one.env})),
        is_generated=name in _GENERATED,
        write_once=_WRITE_ONCE.get(name),
    )


def _find(plan: Plan, name: str) -> WantedSecret:
    wanted = wanted_secrets(plan)
    for one in wanted:
        if name in {one.name, one.remote}:
            return one
    raise InputError(
        f"The platform {plan.platform} has no secret {name}.",
        f"it has: {', '.join(one.name for one in wanted)}",
        ("llmplat secrets list",),
    )


def _generate(one: WantedSecret) -> str | None:
    if not one.is_generated:
        return None
    if one.name in _HEX:
        return secrets.token_hex(_KEY_BYTES)
    return _GENERATED[one.name] + secrets.token_urlsafe(_KEY_BYTES)


def _checked(value: str) -> str:
    """Without its last line end; InputError for what no header or variable can carry."""
    text = value.removesuffix("\n").removesuffix("\r")
    if not text or len(text.encode()) > _LONGEST:
        raise InputError(
            "The value on standard input cannot be used.",
            "it is empty" if not text else f"it is longer than {_LONGEST} bytes",
            ("printf %s VALUE | llmplat secrets seed NAME --stdin",),
        )
    is_key = text.startswith(_PRIVATE_KEY)
    if any(ord(one) < 32 and not (is_key and one == "\n") for one in text):
        raise InputError(
            "The value on standard input cannot be used.",
            "it holds line ends or control characters; such a key cannot be sent in a header",
            ("printf %s VALUE | llmplat secrets seed NAME --stdin",),
        )
    return text


def _yours(one: WantedSecret, verb: str) -> LlmplatError:
    return InputError(
        f"The secret {one.name} needs a value from you.",
        "somebody else's service issued it, so a random one would not do",
        (f"llmplat secrets {verb} {one.name} --stdin < FILE",),
    )


def _commands(one: WantedSecret) -> tuple[str, ...]:
    """What starts the readers again; the cluster has the new value within a minute of it."""
    spaces = dict.fromkeys(reader.partition("/")[0] for reader in one.restarts)
    return tuple(f"kubectl -n {space} rollout restart deployment,statefulset" for space in spaces)
