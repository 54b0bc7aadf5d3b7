"""The first answer: asked for again while the gateway is not ready, refused plainly otherwise."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from llmplat.apply import proof
from llmplat.apply.proof import prove
from llmplat.domain.errors import GatewayError
from llmplat.domain.ports import HttpAnswer
from tests.fakes.cluster_platform import plan_with

CHAT = {
    "choices": [{"message": {"content": " Hello. "}}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 3},
}


class Gateway:
    """Gives prepared answers and keeps what it was asked."""

    def __init__(self, *answers: HttpAnswer | OSError) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, dict[str, Any], Mapping[str, str]]] = []

    def __call__(self, method: str, url: str, *, headers, body, timeout_s) -> HttpAnswer:
        self.asked.append((url, json.loads(body), headers))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


def plan_of(*kinds: str, gateway: object = "some") -> Any:
    models = tuple(
        SimpleNamespace(name=f"m{index}", kind=kind, is_external=kind == "external")
        for index, kind in enumerate(kinds)
    )
    return SimpleNamespace(models=models, gateway=gateway)


def good(document: object = CHAT) -> HttpAnswer:
    return HttpAnswer(200, {"x-request-id": "r1"}, json.dumps(document).encode())


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "_PAUSE_S", 0.0)


def test_every_model_of_a_cluster_is_asked() -> None:
    plan = plan_with(name="cluster-two-teams", profile="llm-gateway")
    proofs = prove(plan, "http://g", "sk-x", Gateway(good()), 7)
    assert {one.model for one in proofs} == {"assistant", "writer", "coder"}


def test_each_model_with_an_engine_is_asked_once() -> None:
    gateway = Gateway(good())
    first, second = prove(plan_of("chat", "external", "chat"), "http://g", "sk-x", gateway, 7)
    assert (first.model, first.answer, first.tokens, first.request_id) == ("m0", "Hello.", 3, "r1")
    assert second.model == "m2"
    url, body, headers = gateway.asked[0]
    assert url == "http://g/v1/chat/completions"
    assert body["max_tokens"] == 7
    assert headers["authorization"] == "Bearer sk-x"
    assert len(gateway.asked) == 2


def test_an_embedding_model_is_asked_for_numbers() -> None:
    document = {"data": [{"embedding": [0.1, 0.2]}], "usage": {"prompt_tokens": 4}}
    gateway = Gateway(good(document))
    (found,) = prove(plan_of("embedding"), "http://g", "sk-x", gateway, 7)
    assert (found.answer, found.tokens) == ("2 numbers", 4)
    assert gateway.asked[0][0] == "http://g/v1/embeddings"


def test_a_gateway_that_is_not_ready_is_asked_again() -> None:
    busy = HttpAnswer(503, {}, b"{}")
    gateway = Gateway(busy, busy, good())
    assert len(prove(plan_of("chat"), "http://g", "sk-x", gateway, 7)) == 1
    assert len(gateway.asked) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_refusal_is_told_with_what_was_said(status: int) -> None:
    gateway = Gateway(HttpAnswer(status, {}, b'{"error": "no"}'))
    with pytest.raises(GatewayError, match="m0 was refused") as caught:
        prove(plan_of("chat"), "http://g", "sk-x", gateway, 7)
    assert f"HTTP {status}" in str(caught.value.why)
    assert len(gateway.asked) == 1


def test_a_silent_gateway_and_an_absent_one() -> None:
    with pytest.raises(GatewayError, match="does not answer"):
        prove(plan_of("chat"), "http://g", "sk-x", Gateway(ConnectionRefusedError("refused")), 7)
    assert prove(plan_of("chat", gateway=None), "", "sk-x", Gateway(good()), 7) == ()
