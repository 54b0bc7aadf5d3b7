"""Warm `llmplat up` to its first answer, beside the same vLLM by hand to its first answer.

    python tests/benchmarks/warm_start.py [--pairs 3] [--file platform.yaml]

Both are started from nothing running, in turns; the engine's flags, environment and key are read
from what `up` started, so they are the same. Prints one line a run and the ratio of the medians.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from llmplat.cli.run import state_home
from llmplat.spec.load import default_platform, load_platform

_TARGET = 1.15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    llmplat(options.file, "up")
    launches = engine_launches(options.file)
    llmplat(options.file, "down")
    ours, by_hand = [], []
    for pair in range(options.pairs):
        by_hand.append(time_by_hand(launches[0]))
        ours.append(time_up(options.file))
        print(f"pair {pair + 1}: by hand {by_hand[-1]:.2f} s, llmplat up {ours[-1]:.2f} s")
    ratio = statistics.median(ours) / statistics.median(by_hand)
    ratios = ", ".join(f"{a / b:.3f}" for a, b in zip(ours, by_hand, strict=True))
    print(f"warm start: {ratio:.3f} x vLLM by hand (target {_TARGET}); pairs {ratios}")


def time_up(file: Path | None) -> float:
    """Seconds of a whole `llmplat up`, which ends with an answer through the gateway."""
    began = time.monotonic()
    llmplat(file, "up")
    took_s = time.monotonic() - began
    llmplat(file, "down")
    return took_s


def time_by_hand(launch: dict[str, Any]) -> float:
    """Seconds from starting the engine to its first answer."""
    secrets = {
        name: Path(path).read_text().strip() for name, path in launch["secret_files"].items()
    }
    passed = {k: os.environ[k] for k in ("PATH", "HOME", "LANG", "TMPDIR") if k in os.environ}
    began = time.monotonic()
    engine = subprocess.Popen(
        launch["argv"],
        env={**passed, **launch["env"], **secrets},
        cwd=launch["cwd"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_healthy(engine, port_of(launch))
        ask_first(launch, secrets["VLLM_API_KEY"])
        return time.monotonic() - began
    finally:
        engine.terminate()
        engine.wait(60)


def wait_healthy(engine: subprocess.Popen[bytes], port: int) -> None:
    while engine.poll() is None:
        try:
            if request(port, "GET", "/health") == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the engine by hand died")


def ask_first(launch: dict[str, Any], key: str) -> None:
    argv = launch["argv"]
    body = {
        "model": argv[argv.index("--served-model-name") + 1],
        "messages": [{"role": "user", "content": "Say hello in one short sentence."}],
        "max_tokens": 12,
        "temperature": 0,
    }
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    status = request(port_of(launch), "POST", "/v1/chat/completions", json.dumps(body), headers)
    assert status == 200, status


def request(
    port: int,
    method: str,
    path: str,
    body: str | None = None,
    headers: dict[str, str] | None = None,
) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def port_of(launch: dict[str, Any]) -> int:
    return int(launch["argv"][launch["argv"].index("--port") + 1])


def engine_launches(file: Path | None) -> list[dict[str, Any]]:
    """What the launcher was told of each engine of the platform."""
    loaded = load_platform(file) if file else default_platform()
    run = state_home(dict(os.environ)) / loaded.platform.name / "run"
    return [json.loads(path.read_text()) for path in sorted(run.glob("engine-*.json"))]


def llmplat(file: Path | None, verb: str) -> None:
    named = ["--file", str(file)] if file else []
    done = subprocess.run(
        [sys.executable, "-m", "llmplat", verb, *named], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    main()
