"""Where records stay: a disk that fills up, and a real PostgreSQL that is killed under load."""

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from gateway_world import (
    QUICK,
    World,
    ask,
    make_model,
    make_policy,
    make_tenant,
    read_rows,
    under_load,
    wait_until,
)
from postgres_server import Postgres, serve_postgres

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]

_CHAT = {"model": "stub", "messages": [{"role": "user", "content": "hi there"}], "max_tokens": 4}
_BACKLOG = 40
_KILLS = 20


def _chat(port: int, key: str):
    return ask(f"http://127.0.0.1:{port}/v1/chat/completions", _CHAT, key)


def _open(world: World, ledger_url: str, backlog: int) -> tuple[int, str]:
    """Port of a new gateway that keeps its records there, and a key."""
    world.policy = make_policy({"stub": make_model()}, {"team": make_tenant()})
    world.policy["platform"] = Path(ledger_url).name
    world.policy["ledger"]["backlog"] = backlog
    world.write_policy()
    world.add_key("platform", "system")
    world.more_env["LLMPLAT_LEDGER_URL"] = ledger_url
    return world.start_gateway(app=QUICK), world.add_key("team", "app")


def _told(world: World, port: int) -> dict:
    """What the gateway says of its ledger, in the report and in the metrics of the same moment."""
    system = next(key for key, entry in world.keys.items() if entry["tenant"] == "platform")

    def report() -> dict:
        told: dict = ask(f"http://127.0.0.1:{port}/llmplat/v1/usage", None, system).json["ledger"]
        return told

    def is_said_by_both() -> bool:
        nonlocal told
        before, told = told, report()
        return bool(before["failing"]) == bool(told["failing"]) == _is_failing(port, system)

    # Writes go on between two questions, so one answer may be older than a change.
    told = report()
    wait_until(is_said_by_both)
    return told


def _is_failing(port: int, key: str) -> bool:
    metrics = ask(f"http://127.0.0.1:{port}/metrics", None, key).body.decode().splitlines()
    told = [line.split()[1] for line in metrics if line.startswith("llmplat_ledger_failing ")]
    assert told in (["0"], ["1"])
    return told == ["1"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_stops_service_and_room_brings_it_back_with_every_record(world, small_disk):
    port, key = _open(world, f"sqlite://{small_disk / 'full.sqlite'}", _BACKLOG)
    answered: list[str] = []

    def is_refused() -> bool:
        for _ in range(20):
            answer = _chat(port, key)
            if answer.status != 200:
                assert (answer.status, answer.code) == (503, "ledger_full")
                assert "retry-after" in answer.headers
                return True
            answered.append(answer.headers["x-request-id"])
        return False

    def is_full() -> bool:
        if not is_refused():
            return False
        told = _told(world, port)
        assert told["limit"] == _BACKLOG
        return "full" in (told["failing"] or "") and told["backlog"] == _BACKLOG

    # A slow machine may reach the bound of what waits before the disk is full.
    wait_until(is_full, 240)
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    wait_until(lambda: _chat(port, key).status == 200, every_s=0.5)
    wait_until(lambda: _told(world, port)["backlog"] == 0, every_s=0.5)
    assert _told(world, port)["failing"] is None
    rows = read_rows(small_disk / "full.sqlite")
    stored = [row["request_id"] for row in rows if row["outcome"] == "answered"]
    assert len(stored) == len(set(stored)) > len(answered)
    assert set(answered) <= set(stored)
    print(f"{len(answered)} answered before the disk was full; all recorded")


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    yield from serve_postgres("kills")


@pytest.mark.timeout(1800)
def test_postgres_killed_under_load_has_each_answered_request_once(world, postgres):
    url = f"postgresql://usage@127.0.0.1:{postgres.port}/postgres"
    port, key = _open(world, url, 100_000)
    answered: list[str] = []

    def load(_number: int) -> None:
        answer = _chat(port, key)
        assert answer.status == 200, answer.body
        answered.append(answer.headers["x-request-id"])

    with under_load(2, load):
        for kill in range(_KILLS):
            time.sleep(0.2 + 0.05 * kill)
            postgres.kill()
            postgres.start()
        time.sleep(1)
    wait_until(lambda: _told(world, port)["backlog"] == 0, 120, 0.5)
    stored = postgres.ask("SELECT request_id FROM requests")
    print(
        f"{len(answered)} answered, {len(stored)} rows, {_told(world, port)['failures']} failures"
    )
    assert len(stored) == len(set(stored))
    assert len(answered) > _KILLS
    assert set(answered) <= set(stored)
    assert postgres.ask("SELECT count(*) FROM requests WHERE outcome <> 'answered'") == ["0"]


@pytest.mark.timeout(1800)
def test_twenty_kills_of_gateways_and_of_counters_lose_no_answered_request(world, tmp_path):
    """Forty kills under load, in turn; the records of killed gateways' requests come as lost."""
    port, key = _open(world, f"sqlite://{tmp_path / 'kills.sqlite'}", 100_000)
    ports = [port, world.start_gateway(app=QUICK)]
    answered: list[str] = []

    def load(number: int) -> None:
        try:
            answer = _chat(ports[number % 2], key)
        except (OSError, HTTPException):  # cut off in the middle: not answered
            time.sleep(0.02)
            return
        if answer.status == 200:
            answered.append(answer.headers["x-request-id"])

    with under_load(4, load):
        for kill in range(_KILLS):
            time.sleep(0.3)
            world.gateways[-1][1].kill()
            ports[1] = world.start_gateway(app=QUICK)
            time.sleep(0.01 * kill)
            world.redis.kill()
            world.start_redis()
        time.sleep(1)

    def read() -> dict[str, dict[str, Any]]:
        return {row["request_id"]: row for row in read_rows(tmp_path / "kills.sqlite")}

    wait_until(lambda: set(answered) <= set(read()), 240, 1)
    rows = read_rows(tmp_path / "kills.sqlite")
    told = {row["request_id"]: row["outcome"] + row["cause"] for row in rows}
    ends = Counter(told[one] for one in answered)
    print(f"{len(answered)} answered, {len(rows)} records; of the answered {dict(ends)}")
    assert len(rows) == len(told)
    assert len(answered) == len(set(answered)) > 100
    assert set(ends) <= {"answered", "failedlost"}
