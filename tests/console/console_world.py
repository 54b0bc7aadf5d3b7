"""The console as a process of its own, in front of our gateway over a stand-in for LiteLLM."""

import contextlib
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway_world import (
    QUICK,
    ROOT,
    Child,
    World,
    make_app,
    make_model,
    make_policy,
    make_tenant,
    start,
    wait_until,
)

from tests.fakes.ports import free_port

CHAT = {"model": "stub", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
CAP = {"keys": 2, "lifetime_s": 30 * 86400}


@dataclass
class ConsoleWorld:
    """Addresses and keys of the running parts."""

    gateway: World
    gateway_url: str
    url: str
    children: list[Child]
    system: str
    red: str
    """A key of red/web; red approves nothing by itself."""
    blue: str
    """A key of blue/web; blue has a cap."""

    def chat(self, key: str, **more: Any) -> int:
        """One request for an answer; its status."""
        return self.gateway.ask(f"{self.gateway_url}/v1/chat/completions", CHAT | more, key).status

    def read(self, path: str, key: str) -> Any:
        """What the gateway says to a GET."""
        return self.gateway.ask(f"{self.gateway_url}/llmplat/v1/{path}", None, key)

    def send(self, path: str, shown: str, **wish: Any) -> Any:
        """What the gateway says to a POST."""
        return self.gateway.ask(f"{self.gateway_url}/llmplat/v1/{path}", wish, shown)


def make_world_policy() -> dict[str, Any]:
    """Two tenants with two apps each; `vault` is a model that only blue may use."""
    apps = {"web": make_app(), "nightly": make_app(requests_per_minute=1)}
    models = {
        "stub": make_model(aliases=["default"], owner="platform-team"),
        "vault": make_model(owner="blue-team", data_class="confidential"),
    }
    tenants = {
        "red": make_tenant(apps, models=["stub"], budget={"nanousd": 2 * 10**9, "period": "month"}),
        "blue": make_tenant({"web": make_app(models=["stub", "vault"])}, self_service=CAP),
    }
    return make_policy(models, tenants)


@contextlib.contextmanager
def open_world(
    folder: Path, python: Path = Path(sys.executable), app: str = QUICK
) -> Iterator[ConsoleWorld]:
    """Starts Redis, gateway and console; ends them by pid."""
    gateway = World(folder, python)
    children: list[Child] = []
    try:
        gateway.start_redis()
        gateway.policy = make_world_policy()
        gateway.write_policy()
        gateway.write_keys()
        if app != QUICK:
            engine = gateway.start_engine()
            gateway.write_litellm({"stub": [engine], "vault": [engine]})
        made = {"created": "2026-01-01T00:00:00Z"}
        system = gateway.add_key("platform", "system", id="system")
        red = gateway.add_key("red", "web", id="k-red00001", **made)
        gateway.add_key("red", "nightly", id="k-red00002", **made)
        blue = gateway.add_key("blue", "web", id="k-blue0001", **made)
        gateway_url = f"http://127.0.0.1:{gateway.start_gateway(app=app)}"
        url, child = start_console(folder, gateway_url, python)
        children.append(child)
        yield ConsoleWorld(gateway, gateway_url, url, children, system, red, blue)
    finally:
        for child in children:
            child.end()
        gateway.end()


def start_console(
    folder: Path, gateway_url: str, python: Path = Path(sys.executable)
) -> tuple[str, Child]:
    """Address and process of a console that answers."""
    port = free_port()
    argv = [str(python), "-P", "-m", "uvicorn", "llmplat.console.asgi:app", "--host", "127.0.0.1"]
    argv += ["--port", str(port), "--no-access-log", "--no-server-header", "--log-level", "info"]
    argv += ["--no-proxy-headers"]
    code = folder / "console-lib" / "llmplat"
    if not code.exists():
        code.mkdir(parents=True)
        (code / "console").symlink_to(ROOT / "llmplat" / "console")
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(code.parent),
        "LLMPLAT_GATEWAY_URL": gateway_url,
        "LLMPLAT_CONSOLE_HOSTS": f"127.0.0.1:{port} localhost:{port}",
    }
    child = start(argv, folder / f"console-{port}.log", env)

    def is_up() -> bool:
        assert child.process.poll() is None, child.log.read_text()[-3000:]
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    wait_until(is_up, 60, 0.05)
    return f"http://127.0.0.1:{port}", child


def add_history(world: World, tenant: str, app: str, days: int) -> None:
    """Made-up records of `tenant`, some on each of the last `days`, for plots."""
    now_ms = int(time.time() * 1000)
    with contextlib.closing(sqlite3.connect(world.folder / "ledger.sqlite", timeout=10)) as link:
        for day in range(days):
            for n in range(3):
                row = (
                    f"made-{tenant}-{day}-{n}", now_ms - day * 86_400_000 - n, tenant, app, "stub",
                    "interactive", "stub@0", "engine", 900, 300, 12_000_000 + 3_000_000 * (day % 4),
                    800, "answered", "", "",
                )  # fmt: skip
                link.execute(f"INSERT OR IGNORE INTO requests VALUES ({','.join('?' * 15)})", row)
        link.commit()
