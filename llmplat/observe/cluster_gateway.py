"""The gateway behind a port-forward -> whether it turns strangers away."""

import json
from collections.abc import Iterator

from llmplat.domain.cluster import Cluster
from llmplat.domain.errors import ClusterError
from llmplat.domain.ports import Ask
from llmplat.plan.cluster.gateway import NAMESPACE
from llmplat.plan.plan import Plan
from llmplat.render.objects.gateway import NAME_OF_ALL, SERVICE_PORT

_TIMEOUT_S = 20.0
_GROUP = "gateway"
_KEYS: tuple[tuple[str, str | None], ...] = (
    ("no key is refused", None),
    ("a wrong key is refused", "Bearer sk-llmplat-" + "0" * 40),
    ("LiteLLM's usual master key is refused", "Bearer sk-1234"),
)


def ask_gateway(
    cluster: Cluster, plan: Plan, ask: Ask
) -> Iterator[tuple[str, str, bool | None, str]]:
    """Requests that must get a 401; said plainly where none can be sent."""
    if plan.gateway is None:
        return
    try:
        with cluster.forward(NAMESPACE, NAME_OF_ALL, SERVICE_PORT) as url:
            for name, key in _KEYS:
                held, told = _ask(ask, url, key, _model(plan))
                yield _GROUP, name, held, told
    except ClusterError as error:
        why = f"no way to the gateway: {error.what} {error.why or ''}".strip()
        yield _GROUP, "strangers are refused", None, why


def _ask(ask: Ask, url: str, key: str | None, model: str) -> tuple[bool | None, str]:
    headers = {"content-type": "application/json"}
    if key is not None:
        headers["authorization"] = key
    message = {"role": "user", "content": "Hello"}
    body = json.dumps({"model": model, "messages": [message], "max_tokens": 1}).encode()
    try:
        answer = ask(
            "POST", f"{url}/v1/chat/completions", headers=headers, body=body, timeout_s=_TIMEOUT_S
        )
    except OSError as error:
        return None, f"nobody answers behind the port-forward: {error}"
    return answer.status == 401, f"HTTP {answer.status}"


def _model(plan: Plan) -> str:
    return plan.models[0].name if plan.models else "none"
