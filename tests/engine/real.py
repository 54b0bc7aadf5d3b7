"""A running real platform and how the tests of this folder ask it things."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.waiting import wait_until

PORT = 23000
MODEL = "smollm2-135m"

PLATFORM = f"""\
apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: engine-tests
profile: llm-gateway
substrate:
  local: {{port: {PORT}}}
gateway: {{workers: 2, waitingPerReplica: 24}}
models:
  - name: {MODEL}
    aliases: [default]
    source: demo://smollm2-135m-instruct
    context: 1024
    concurrency: 8
priorityClasses:
  - {{name: interactive, allowance: 0s, share: 1.0}}
  - {{name: batch, allowance: 5s, share: 1.0}}
tenants:
  - name: open
    budget: {{usd: 100, period: month}}
    apps:
      - {{name: app, budget: {{usd: 100, period: month}}}}
      - {{name: slow, budget: {{usd: 100, period: month}}, priorityClass: batch}}
  - name: poor
    budget: {{usd: 100, period: month}}
    apps:
      - {{name: app, budget: {{usd: BUDGET, period: month}}}}
  - name: rated
    budget: {{usd: 100, period: month}}
    apps:
      - name: app
        budget: {{usd: 100, period: month}}
        limits: {{requestsPerMinute: 5}}
  - name: narrow
    budget: {{usd: 100, period: month}}
    apps:
      - name: app
        budget: {{usd: 100, period: month}}
        limits: {{parallelRequests: 3}}
"""


@dataclass(frozen=True)
class RealPlatform:
    """A running platform and how to ask it things."""

    folder: Path
    env: dict[str, str]
    up_stdout: str

    url: str = f"http://127.0.0.1:{PORT}"
    engine_url: str = f"http://127.0.0.1:{PORT + 1}"

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "llmplat", *words],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert not check or done.returncode == 0, (words, done.stdout, done.stderr)
        return done

    def key(self, owner: str) -> str:
        """A new key of `tenant/app`."""
        return self.run("keys", "create", owner).stdout.strip()

    def client(self, key: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.url,
            headers={"authorization": f"Bearer {key}"},
            timeout=300,
            limits=httpx.Limits(max_connections=100),
        )

    def usage(self) -> dict[str, Any]:
        """What the ledger holds of every tenant."""
        key = next(self.folder.rglob("secrets/system-key")).read_text().strip()
        answer = httpx.get(
            f"{self.url}/llmplat/v1/usage", headers={"authorization": f"Bearer {key}"}, timeout=120
        )
        assert answer.status_code == 200
        return dict(answer.json())

    def metrics(self) -> str:
        """The gateway's own metrics."""
        key = next(self.folder.rglob("secrets/system-key")).read_text().strip()
        headers = {"authorization": f"Bearer {key}"}
        return httpx.get(f"{self.url}/metrics", headers=headers, timeout=120).text

    def engine_metrics(self) -> str:
        """vLLM's own metrics."""
        return httpx.get(f"{self.engine_url}/metrics", timeout=120).text

    def engine_counter(self, name: str) -> float:
        """The sum of one of vLLM's counters or gauges."""
        return gauge(self.engine_metrics(), name)

    def is_idle(self) -> bool:
        """Whether nothing runs or waits in the engine, and nothing is left to settle at the gateway."""
        names = ("num_requests_running", "num_requests_waiting")
        if sum(self.engine_counter(name) for name in names):
            return False
        return not any(model["inFlight"] for model in self.usage()["models"])

    def engine_tokens(self) -> tuple[int, int]:
        """(prompt, generated) tokens the engine has counted."""
        return (
            int(self.engine_counter("prompt_tokens_total")),
            int(self.engine_counter("generation_tokens_total")),
        )


def wait_for(is_so: Callable[[], bool], within_s: float = 300) -> None:
    """As others wait, with the patience that a real engine needs."""
    wait_until(is_so, within_s, 0.2)


def gauge(metrics: str, name: str) -> float:
    """The sum of one of vLLM's counters or gauges in what it printed."""
    found = re.findall(rf"^vllm:{name}(?:{{[^}}]*}})? (\S+)$", metrics, re.MULTILINE)
    assert found, f"vLLM has no metric {name}"
    return sum(float(value) for value in found)


def price(folder: Path, env: dict[str, str]) -> tuple[int, int]:
    """The computed price (input, output) in nano-dollars a token."""
    done = subprocess.run(
        [sys.executable, "-m", "llmplat", "plan", "-o", "json"],
        cwd=folder, env=env, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    policy = json.loads(done.stdout)["gateway"]["policy"]
    money = policy["models"][MODEL]["price"]
    return int(money["input_nanousd_per_token"]), int(money["output_nanousd_per_token"])
