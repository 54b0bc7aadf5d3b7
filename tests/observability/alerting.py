"""Rendered alert receivers, the real Alertmanager on loopback, and somebody who is told."""

import json
import os
import re
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmplat.render.alertmanager import SECRETS
from llmplat.render.tree import make_tree
from tests.fakes.cluster_platform import catalog, plan_with
from tests.fakes.ports import free_port
from tests.observability.prom import CACHE

MODULE = Path(__file__).parent / "alertmanager" / "go.mod"
VERSION = re.search(r"github.com/prometheus/alertmanager (v\S+)", MODULE.read_text("utf-8"))
OPERATOR = re.search(
    r"prometheus-operator/prometheus-operator (v\S+)",
    (Path(__file__).parent / "operator" / "go.mod").read_text("utf-8"),
)
RECEIVERS: dict[str, dict[str, Any]] = {
    "webhook": {"kind": "webhook", "secret": "alerts-webhook"},
    "slack": {"kind": "slack", "secret": "alerts-slack", "target": "#alerts"},
    "slack-own-channel": {"kind": "slack", "secret": "alerts-slack"},
    "pagerduty": {"kind": "pagerduty", "secret": "alerts-pagerduty"},
    "email": {
        "kind": "email",
        "target": "oncall@example.com",
        "secret": "smtp-password",
        "smtp": {"server": "localhost:2525", "sender": "llmplat@example.com"},
    },
    "email-without-account": {
        "kind": "email",
        "target": "oncall@example.com",
        "smtp": {"server": "smtp.example.com:25", "sender": "llmplat@example.com"},
    },
}
HEARTBEAT = {"heartbeatSecret": "alerts-heartbeat"}
_WAITS = {"group_wait": "1s", "group_interval": "1s"}


def tool(name: str) -> str:
    """The pinned alertmanager or amtool; a skip that says how to get it."""
    assert VERSION is not None
    return _built(name, VERSION[1])


def through_operator(config: dict[str, Any]) -> dict[str, Any]:
    """What Prometheus Operator hands on, by its own code; AssertionError when it refuses."""
    assert OPERATOR is not None
    assert VERSION is not None
    done = subprocess.run(
        [_built("operator-config", OPERATOR[1]), VERSION[1]],
        input=yaml.safe_dump(config), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def _built(name: str, version: str) -> str:
    built = CACHE / "llmplat-test-tools" / "bin" / f"{name}-{version}"
    found = str(built) if built.is_file() else shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here: `bash .ci/setup-tests` builds {version}")
    return found


def amtool(*words: str, folder: Path) -> str:
    """What amtool says; fails the test when it is not satisfied."""
    done = subprocess.run(
        [tool("amtool"), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@cache
def values_of(name: str, *, with_heartbeat: bool = True) -> str:
    """What the chart gets below `alertmanager`, as YAML, from a platform rendered whole."""
    more = HEARTBEAT if with_heartbeat else {}
    plan = plan_with(
        lambda document: document.update(alertReceiver={**RECEIVERS[name], **more}),
        profile="llm-gateway",
    )
    text = make_tree(plan, catalog()).text("root/applications/kube-prometheus-stack.yaml")
    source = yaml.safe_load(text)["spec"]["source"]
    return yaml.safe_dump(source["helm"]["valuesObject"]["alertmanager"])


def config_of(name: str, *, with_heartbeat: bool = True) -> dict[str, Any]:
    """The rendered configuration, as it is."""
    return yaml.safe_load(values_of(name, with_heartbeat=with_heartbeat))["config"]


def write(folder: Path, config: dict[str, Any]) -> Path:
    """`config` as the file alertmanager.yaml."""
    path = folder / "alertmanager.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    return path


def impatient(value: Any, secrets: Path) -> Any:
    """The same with secrets in another folder and waits of a second: nothing else is changed."""
    if isinstance(value, dict):
        return {k: _WAITS.get(k) or impatient(item, secrets) for k, item in value.items()}
    if isinstance(value, list):
        return [impatient(item, secrets) for item in value]
    return value.replace(SECRETS, str(secrets)) if isinstance(value, str) else value


def put_secret(folder: Path, name: str, value: str) -> None:
    """A secret as the kubelet mounts it: <name>/value."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "value").write_text(value, "utf-8")


class Told:
    """Somebody on loopback who keeps what is posted."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, Any]]] = []
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told.posts.append((self.path, json.loads(body)))
                answer = b"ok"  # what Slack says
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def at(self, path: str) -> list[dict[str, Any]]:
        """What was posted to one address."""
        return [body for where, body in self.posts if where == path]

    def alerts(self, path: str, status: str = "firing") -> set[tuple[str, str]]:
        """(name, model) of the alerts in the webhooks posted to `path`."""
        return {
            (alert["labels"]["alertname"], alert["labels"].get("model", ""))
            for body in self.at(path)
            for alert in body["alerts"]
            if alert["status"] == status
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Alertmanager:
    """A running one, by its API."""

    def __init__(self, url: str, log: Path) -> None:
        self.url, self._log = url, log

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")

    @property
    def failures(self) -> int:
        """Messages that it sends again, because nobody said in time that they came."""
        words = ("Notify attempt failed, will retry later", "Notify for alerts failed")
        return sum(self.log.count(one) for one in words)

    def send(self, *alerts: dict[str, Any], is_over: bool = False) -> None:
        """Rules as Prometheus sends them when they fire, or no longer do."""
        now = datetime.now(UTC)
        times = {"startsAt": (now - timedelta(minutes=5)).isoformat()}
        if is_over:
            times["endsAt"] = (now - timedelta(seconds=1)).isoformat()
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts",
            json.dumps([{**alert, **times} for alert in alerts]).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            assert answer.status == 200


@contextmanager
def running(
    folder: Path, config: dict[str, Any], environment: dict[str, str] | None = None
) -> Iterator[Alertmanager]:
    """The real Alertmanager with `config`, ended at the end."""
    path = write(folder, config)
    port = free_port()
    log = folder / "alertmanager.log"
    words = [
        tool("alertmanager"), f"--config.file={path}", f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=debug",
    ]  # fmt: skip
    with log.open("w") as out:
        process = subprocess.Popen(
            words, stdout=out, stderr=out, cwd=folder, env={**os.environ, **(environment or {})}
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait(lambda: process.poll() is not None or _is_ready(url))
            assert process.poll() is None, log.read_text("utf-8")
            yield Alertmanager(url, log)
        finally:
            process.terminate()
            process.wait(120)


def wait(is_so: Callable[[], bool], seconds: float = 120) -> bool:
    """Whether it came to be so within `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.1)
    return is_so()


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
