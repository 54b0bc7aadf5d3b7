"""The PostgreSQL ledger of a cluster -> sums and records, through the API server's port-forward.

psycopg is imported when a cluster's ledger is read and at no other time.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString
from urllib.parse import urlsplit

from llmplat.adapters.sql_ledger import Queries, SqlLedger
from llmplat.domain.cluster import Cluster, ObjectRef
from llmplat.domain.errors import PreconditionError

PORT = 5432
_SUMS = """SELECT to_char(to_timestamp(at_ms / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD'), tenant, app,
  model, place, outcome, cause, count(*), sum(prompt_tokens)::bigint, sum(completion_tokens)::bigint,
  sum(nanousd)::bigint, split_part(charged, 'user:', 2)
  FROM requests WHERE at_ms >= %s GROUP BY 1, 2, 3, 4, 5, 6, 7, 12 ORDER BY 1, 2, 3, 4, 5, 6, 7, 12"""
_LAST = """SELECT request_id, at_ms, tenant, app, model, class, backend, place, prompt_tokens,
  completion_tokens, nanousd, duration_ms, outcome, cause, charged
  FROM requests WHERE at_ms >= %s ORDER BY at_ms DESC, request_id DESC LIMIT %s"""
_BUSY = """SELECT greatest(at_ms - duration_ms, %s), at_ms FROM requests WHERE model = %s
  AND at_ms >= %s AND place = 'engine' ORDER BY 1"""
_MINUTES = "SELECT count(*) FROM minutes WHERE minute >= %s"
_BATCH = 5_000


@dataclass(frozen=True)
class Login:
    """Where the database is and who asks it."""

    host: str
    port: int
    user: str
    password: str
    name: str


class ClusterLedger(SqlLedger):
    """A UsageLedger, read only; one whose gateway never wrote is empty."""

    queries = Queries(_SUMS, _LAST, _BUSY, _MINUTES)

    def __init__(self, login: Login) -> None:
        self._login = login

    def _read(self, query: LiteralString, *values: object) -> Iterator[tuple[Any, ...]]:
        import psycopg  # noqa: PLC0415 (only a cluster's ledger needs it)

        login = self._login
        try:
            with (
                psycopg.connect(
                    host=login.host,
                    port=login.port,
                    user=login.user,
                    password=login.password,
                    dbname=login.name,
                    connect_timeout=10,
                    options="-c default_transaction_read_only=on",
                ) as link,
                # Rows stay in the database until they are asked for: a month may have millions.
                link.cursor(name="llmplat") as cursor,
            ):
                cursor.itersize = _BATCH
                cursor.execute(query, values)
                yield from cursor
        except psycopg.errors.UndefinedTable:
            return
        except psycopg.Error as error:
            raise PreconditionError(
                "The ledger of the cluster cannot be read.",
                str(error).strip().partition("\n")[0] or type(error).__name__,
                ("llmplat status",),
            ) from error


@contextmanager
def open_cluster_ledger(cluster: Cluster, namespace: str, name: str) -> Iterator[ClusterLedger]:
    """The ledger of the CloudNativePG cluster `name`, reachable until the block ends.

    Raises PreconditionError where its operator has made no password, or this identity may not
    read it; ClusterError where no instance is ready.
    """
    secret = cluster.get(ObjectRef("v1", "Secret", namespace, f"{name}-app"))
    data = (secret or {}).get("data") or {}
    if not {"username", "password", "dbname"} <= data.keys():
        raise PreconditionError(
            f"The database {namespace}/{name} has no password yet.",
            f"its operator writes it to the Secret {name}-app, which is not there",
            ("llmplat status",),
        )
    told = {key: base64.b64decode(data[key]).decode() for key in ("username", "password", "dbname")}
    with cluster.forward(namespace, f"{name}-rw", PORT) as url:
        place = urlsplit(url)
        yield ClusterLedger(
            Login(
                str(place.hostname),
                int(place.port or PORT),
                told["username"],
                told["password"],
                told["dbname"],
            )
        )
