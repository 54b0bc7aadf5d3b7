"""Langfuse: what it is asked for by the file, and the secrets and database that it gets from us."""

from dataclasses import dataclass, replace

from llmplat.domain.errors import PlanError
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.secrets import PlannedSecret, make_secret

LANGFUSE = "langfuse"
"""Component, namespace and release."""
PORT = 3000
DATABASE = "langfuse-db"
PROJECT_KEY = "langfuse-project-key"
"""Secret key of its one project, which the collector shows."""
PUBLIC_KEY = "pk-lf-llmplat"
_GENERATED = (
    "langfuse-admin-password",
    "langfuse-encryption-key",
    "langfuse-nextauth-secret",
    "langfuse-redis-password",
    "langfuse-salt",
    PROJECT_KEY,
)
_BROUGHT = ("langfuse-clickhouse-password", "langfuse-s3-access-key", "langfuse-s3-secret-key")
"""Of services that are somebody else's: a person seeds them."""
_KEYS = {"langfuse-redis-password": "default"}
"""Valkey reads the password of a user under the user's name."""
_WANTED = (("clickhouse", "host"), ("s3", "endpoint"), ("s3", "bucket"))

_EXAMPLE = (
    "components: {langfuse: {enabled: true, values: {clickhouse: {host: clickhouse.example.com}, "
    "s3: {endpoint: https://s3.example.com, bucket: spans}}}}"
)


@dataclass(frozen=True)
class Langfuse:
    """The page where spans are looked at."""

    storage_class: str | None
    secrets: tuple[PlannedSecret, ...]


def make_langfuse(ground: Ground) -> Langfuse | None:
    """None where it is not switched on; PlanError where nobody says where ClickHouse and a bucket are."""
    if not ground.runs(LANGFUSE):
        return None
    given = ground.platform.components.get(LANGFUSE)
    values = given.values if given is not None else {}
    missing = [f"{part}.{key}" for part, key in _WANTED if not (values.get(part) or {}).get(key)]
    if missing:
        raise PlanError(
            "Langfuse has nowhere to keep its spans.",
            why=f"it needs a ClickHouse and a bucket of yours; not given: {', '.join(missing)}.",
            fix=(_EXAMPLE,),
        )
    names = (*_GENERATED, *_BROUGHT)
    made = (make_secret(ground, name, LANGFUSE, LANGFUSE) for name in names)
    secrets = tuple(replace(one, key=_KEYS.get(one.name, one.key)) for one in made)
    return Langfuse(ground.platform.substrate.storage_class, secrets)
