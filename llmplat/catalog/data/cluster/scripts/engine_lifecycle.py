"""Runs inside an engine's pod: `start` asks one real completion, `drain` waits until nothing runs.

Standard library only. Settings come from the environment: LLMPLAT_MODEL, LLMPLAT_KIND,
LLMPLAT_ENGINE_URL, LLMPLAT_DRAIN_S, LLMPLAT_QUIET_S and the engine's own VLLM_API_KEY.
"""

import json
import os
import re
import sys
import time
import urllib.request

URL = os.environ.get("LLMPLAT_ENGINE_URL", "http://127.0.0.1:8000")
MODEL = os.environ.get("LLMPLAT_MODEL", "")
COMPLETION_WITHIN_S = 50
QUIET_S = float(os.environ.get("LLMPLAT_QUIET_S", "5"))
BUSY = re.compile(r"^vllm:num_requests_(?:running|waiting)\{[^}]*\} ([0-9.e+]+)$", re.MULTILINE)


def ask(path: str, body: "dict[str, object] | None" = None, within_s: float = 5) -> bytes:
    """The engine's answer to a GET, or to a POST of `body` as JSON."""
    data = None if body is None else json.dumps(body).encode()
    headers = {
        "Authorization": f"Bearer {os.environ.get('VLLM_API_KEY', '')}",
        "Content-Type": "application/json",
        # In the engine's log this request is the platform's own, no tenant's.
        "X-Request-Id": f"system-start-{os.environ.get('HOSTNAME', 'engine')}",
    }
    request = urllib.request.Request(URL + path, data, headers)
    with urllib.request.urlopen(request, timeout=within_s) as answer:
        return bytes(answer.read())


def start() -> None:
    """Ends well once the engine is healthy and has answered one request with the model."""
    ask("/health")
    if os.environ.get("LLMPLAT_KIND") == "embedding":
        answer = json.loads(
            ask("/v1/embeddings", {"model": MODEL, "input": "1"}, COMPLETION_WITHIN_S)
        )
        vector = answer["data"][0]["embedding"]
        if not vector:
            sys.exit("the engine answered without a vector")
        return
    wish = {"model": MODEL, "prompt": "1", "max_tokens": 1, "temperature": 0}
    answer = json.loads(ask("/v1/completions", wish, COMPLETION_WITHIN_S))
    if answer["usage"]["completion_tokens"] < 1:
        sys.exit("the engine answered without a token")


def drain() -> None:
    """Ends when no request has run or waited for a moment, or when the time is up."""
    until = time.monotonic() + float(os.environ.get("LLMPLAT_DRAIN_S", "600"))
    # Routers learn only now that this pod is ending: what they still send must be served.
    time.sleep(QUIET_S)
    idle_since = None
    while time.monotonic() < until:
        if sum(float(number) for number in BUSY.findall(ask("/metrics").decode())):
            idle_since = None
        elif idle_since is None:
            idle_since = time.monotonic()
        elif time.monotonic() - idle_since >= QUIET_S:
            return
        time.sleep(1)


if __name__ == "__main__":
    {"start": start, "drain": drain}[sys.argv[1]]()
