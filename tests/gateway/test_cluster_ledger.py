"""The ledger of a cluster as `llmplat cost` reads it: a real PostgreSQL behind a forwarded port."""

import base64
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from postgres_server import Postgres, serve_postgres

from llmplat.adapters.cluster_ledger import ClusterLedger, Login, open_cluster_ledger
from llmplat.adapters.local_ledger import LocalLedger
from llmplat.domain.cluster import ObjectRef
from llmplat.domain.errors import PreconditionError
from llmplat.gateway.store import PostgresStore, SqliteStore
from llmplat.observe.cost import make_cost
from tests.fakes.cluster import FakeCluster
from tests.fakes.cluster_platform import plan_with

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]

_START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
_MINUTE = round(_START.timestamp()) // 60


def _row(name: str, hours: float, outcome: str = "answered", user: str = "") -> tuple[object, ...]:
    at_ms = round((_START + dt.timedelta(hours=hours)).timestamp() * 1000)
    charged = "tenant:people:2026-11 app:people/chat:2026-11"
    return (
        name, at_ms, "people", "chat", "assistant", "interactive", "assistant@0", "engine",
        100, 20, 5_000, 60_000, outcome, "", f"{charged} user:people/chat/{user}" if user else charged,
    )  # fmt: skip


ROWS = [
    _row("a", 2, user="ann"),
    _row("b", 2.01, user="bob"),
    _row("c", 26, user="ann"),
    _row("d", 27, "failed"),
    _row("old", -1),
]


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    yield from serve_postgres("cost")


@pytest.fixture
def login(postgres: Postgres) -> Login:
    return Login("127.0.0.1", postgres.port, "usage", "any", "postgres")


@pytest.fixture
def both(login: Login, tmp_path: Path) -> tuple[ClusterLedger, LocalLedger]:
    """The same rows, written by the gateway's own stores, in both kinds of database."""
    stores = (
        PostgresStore(f"postgresql://usage@127.0.0.1:{login.port}/postgres"),
        SqliteStore(tmp_path / "ledger.sqlite"),
    )
    for store in stores:
        store.write(ROWS, _MINUTE)
        for minute in range(1, 120):
            store.write([], _MINUTE + minute)
        store._link.close()
    return ClusterLedger(login), LocalLedger(tmp_path / "ledger.sqlite")


def test_both_databases_tell_the_same(both: tuple[ClusterLedger, LocalLedger]) -> None:
    since_ms = round(_START.timestamp() * 1000)
    cluster, local = both
    assert list(cluster.sums(since_ms)) == list(local.sums(since_ms))
    assert list(cluster.last(3, since_ms)) == list(local.last(3, since_ms))
    assert list(cluster.busy("assistant", since_ms)) == list(local.busy("assistant", since_ms))
    assert cluster.minutes(since_ms) == local.minutes(since_ms) == 120
    assert [one.request_id for one in cluster.last(9, since_ms)] == ["a", "b", "c", "d"]


def test_the_cost_of_a_cluster_by_user(both: tuple[ClusterLedger, LocalLedger]) -> None:
    until = _START + dt.timedelta(days=2)
    hours = {"assistant": 7.5}
    report = make_cost(both[0], plan_with(), "user", _START, until, hours)
    assert {row.name: row.nanousd for row in report.rows} == {
        "people/chat/ann": 10_000,
        "people/chat/bob": 5_000,
        "people/chat: nobody named": 5_000,
    }
    assert (report.total.answered, report.total.failed) == (3, 1)
    told = {one.model: one.hours for one in report.models}
    assert told["assistant"] == 7.5
    assert told["coder"] == 2 * 3  # not measured: three replicas as long as the platform ran


def test_a_reader_changes_nothing(login: Login, both: object) -> None:
    ledger = ClusterLedger(login)
    with pytest.raises(PreconditionError, match="cannot be read"):
        list(ledger._read("DELETE FROM requests RETURNING 1"))
    assert len(ledger.last(9, 0)) == len(ROWS)


def test_a_database_that_the_gateway_never_wrote_to_is_empty(login: Login) -> None:
    with psycopg.connect(f"postgresql://usage@127.0.0.1:{login.port}/postgres") as link:
        link.execute("DROP TABLE IF EXISTS requests")
        link.execute("DROP TABLE IF EXISTS minutes")
    assert list(ClusterLedger(login).sums(0)) == []
    assert ClusterLedger(login).minutes(0) == 0


def test_a_database_that_is_down_is_said() -> None:
    gone = ClusterLedger(Login("127.0.0.1", 1, "usage", "hunter2", "usage"))
    with pytest.raises(PreconditionError, match="cannot be read") as caught:
        gone.sums(0)
    assert "hunter2" not in str((caught.value.what, caught.value.why))


class _Forwarding(FakeCluster):
    """A cluster whose port-forward leads to the server of this test."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.to = port
        self.asked: list[tuple[str, str, int]] = []

    @contextmanager
    def forward(self, namespace: str, service: str, port: int) -> Iterator[str]:
        self.asked.append((namespace, service, port))
        yield f"http://127.0.0.1:{self.to}"


def test_the_operator_s_password_opens_it(postgres: Postgres, both: object) -> None:
    cluster = _Forwarding(postgres.port)
    opening = open_cluster_ledger(cluster, "llm-gateway", "usage-ledger")
    with pytest.raises(PreconditionError, match="has no password yet"), opening:
        pass
    told = {"username": "usage", "password": "any", "dbname": "postgres"}
    data = {key: base64.b64encode(value.encode()).decode() for key, value in told.items()}
    reference = ObjectRef("v1", "Secret", "llm-gateway", "usage-ledger-app")
    cluster.objects[reference] = {"data": data}
    with open_cluster_ledger(cluster, "llm-gateway", "usage-ledger") as ledger:
        assert len(ledger.last(9, 0)) == len(ROWS)
    assert cluster.asked == [("llm-gateway", "usage-ledger-rw", 5432)]
