"""Revocation at the counters: the entry has the very name the gateway looks for."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from llmplat.adapters import local_key_gate
from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_key_gate import LocalKeyGate
from llmplat.adapters.local_redis import find_redis
from llmplat.adapters.local_secrets import REDIS_PASSWORD, ensure_secrets, read_secret

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def home():
    """A short path: sockets allow about a hundred bytes."""
    folder = Path(tempfile.mkdtemp(prefix="lp", dir="/tmp"))
    home = LocalHome("demo", folder / "demo")
    home.make()
    ensure_secrets(home.secrets)
    yield home
    shutil.rmtree(folder)


@pytest.fixture
def redis(home: LocalHome):
    from redis import Redis

    password = read_secret(home.secrets, REDIS_PASSWORD)
    argv = [str(find_redis().path), "--port", "0", "--unixsocket", str(home.redis_socket)]
    argv += ["--dir", str(home.redis), "--save", ""]
    process = subprocess.Popen([*argv, "--requirepass", password], stdout=subprocess.DEVNULL)
    try:
        with Redis(unix_socket_path=str(home.redis_socket), password=password) as client:
            await_answer(client)
            yield client
    finally:
        process.terminate()
        process.wait(120)


def await_answer(client) -> None:
    """The socket is there a moment before anybody listens on it."""
    from redis.exceptions import ConnectionError as NotYetError

    end_s = time.monotonic() + 120
    while True:
        try:
            client.ping()
        except NotYetError:
            assert time.monotonic() < end_s
            time.sleep(0.02)
        else:
            return


def test_deny_writes_the_name_the_gateway_reads(home: LocalHome, redis, monkeypatch) -> None:
    monkeypatch.setattr(local_key_gate, "_TIMEOUT_S", 60)
    from llmplat.gateway.policy_files import parse_keys, parse_policy
    from llmplat.gateway.serving import get_deny_name

    assert LocalKeyGate(home).deny(["k-1"])
    key = {"id": "k-1", "sha256": "0" * 64, "tenant": "demo", "app": "app", "created": None}
    document = {"keys": [{**key, "expires": None}]}
    policy = _policy(parse_policy)
    name = get_deny_name(policy, next(iter(parse_keys(document).values())))
    assert redis.get(name) == b"revoked"
    assert redis.ttl(name) > 24 * 3600


def _policy(parse):
    from llmplat.catalog.load import load_catalog
    from llmplat.cli.wiring import home as shipped
    from llmplat.plan.make import make_plan
    from llmplat.spec.load import default_platform

    gateway = make_plan(default_platform().platform, None, load_catalog(shipped())).gateway
    assert gateway is not None
    return parse(gateway.policy)


def test_without_counters_it_says_so(home: LocalHome) -> None:
    assert not LocalKeyGate(home).deny(["k-1"])


def test_the_system_key_is_known_by_its_hash(home: LocalHome, tmp_path) -> None:
    import hashlib

    key = read_secret(home.secrets, "system-key")
    assert LocalKeyGate(home).system_key_sha256() == hashlib.sha256(key.encode()).hexdigest()
    assert LocalKeyGate(LocalHome("x", tmp_path / "x")).system_key_sha256() is None


def test_files_are_published_where_the_gateway_reads(home: LocalHome, tmp_path) -> None:
    gate = LocalKeyGate(home)
    assert gate.publish("keys.json", "{}")
    assert gate.published("keys.json") == "{}"
    assert gate.published("policy.json") is None
    assert not LocalKeyGate(LocalHome("x", tmp_path / "x")).publish("keys.json", "{}")
