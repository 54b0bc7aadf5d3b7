"""A platform in memory that keeps its controls, or breaks the one a test names (a Site)."""

import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from llmplat.domain.ports import HttpAnswer
from llmplat.observe.attacks import Answered
from llmplat.observe.verify import EngineAddress, Listener, TemporaryKey

_REFUSALS = {
    401: (401, "invalid_api_key", {}),
    403: (403, "model_not_allowed", {}),
    429: (429, "rate_limit_exceeded", {"retry-after": "30"}),
    402: (429, "insufficient_quota", {"x-should-retry": "false"}),
}


@dataclass
class FakeSite:
    """`broken` names what does not work: keys, models, rate, parallel, budget, revocation,
    engine, sockets, page, accounting, attacks."""

    broken: str = ""
    platform: str = "fake"
    address: tuple[str, int] = ("127.0.0.1", 4000)
    models: Mapping[str, str] = field(default_factory=lambda: {"small": "default"})
    engines: tuple[EngineAddress, ...] = (EngineAddress("engine", "127.0.0.1", 4001, "small"),)
    lent: dict[str, str] = field(default_factory=dict)
    tokens: list[int] = field(default_factory=lambda: [0, 0])
    asked: dict[str, int] = field(default_factory=dict)
    _alone: threading.Lock = field(default_factory=threading.Lock)
    _refused: threading.Event = field(default_factory=threading.Event)

    def lend_key(self, app: str) -> TemporaryKey:
        key = f"key-{secrets.token_hex(4)}"
        self.lent[key] = app
        return TemporaryKey(key, key)

    def revoke_key(self, key: TemporaryKey) -> None:
        if self.broken != "revocation":
            self.lent.pop(key.secret)

    def ask(
        self, method: str, path: str, key: str | None, body: Mapping[str, object] | None
    ) -> HttpAnswer:
        if path == "/health/live":
            return HttpAnswer(
                200, {}, b'{"version": 1}' if self.broken == "page" else b'{"status": "alive"}'
            )
        app = self.lent.get(key or "", "" if self.broken != "keys" else "verify")
        if not app:
            return _refusal(401)
        if path == "/v1/models":
            shown = [] if app == "verify-models" and self.broken != "models" else [{"id": "small"}]
            return HttpAnswer(200, {}, json.dumps({"data": shown}).encode())
        return self._generate(app)

    def _generate(self, app: str) -> HttpAnswer:
        self.asked[app] = self.asked.get(app, 0) + 1
        if app == "verify-models" and self.broken != "models":
            return _refusal(403)
        if app == "verify-rate" and self.broken != "rate" and self.asked[app] > 2:
            return _refusal(429)
        if app == "verify-budget" and self.broken != "budget":
            return _refusal(402)
        if app == "verify-parallel" and self.broken != "parallel" and not self._is_alone():
            return _refusal(429)
        self.tokens[0] += 5
        self.tokens[1] += 4 if self.broken != "accounting" else 5
        usage = {"prompt_tokens": 5, "completion_tokens": 4}
        return HttpAnswer(200, {}, json.dumps({"usage": usage}).encode())

    def _is_alone(self) -> bool:
        """One is served, and stays until another has come beside it."""
        if not self._alone.acquire(blocking=False):
            self._refused.set()
            return False
        self._refused.wait(60)
        self._alone.release()
        return True

    def ask_engine(self, engine: EngineAddress, method: str, path: str) -> HttpAnswer:
        return HttpAnswer(200 if self.broken == "engine" else 401, {}, b"{}")

    def send_raw(self, data: bytes, timeout_s: float) -> Answered:
        status = 200 if self.broken == "attacks" and b"?model=" in data else 403
        return Answered((status,), (), b"{}", b"")

    def engine_tokens(self) -> tuple[int, int]:
        return self.tokens[0], self.tokens[1]

    def listeners(self) -> tuple[Listener, ...]:
        return (Listener("gateway", "0.0.0.0" if self.broken == "sockets" else "127.0.0.1", 4000),)


def _refusal(kind: int) -> HttpAnswer:
    status, code, headers = _REFUSALS[kind]
    return HttpAnswer(status, headers, json.dumps({"error": {"code": code}}).encode())
