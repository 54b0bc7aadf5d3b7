"""The platform running on this machine, as verify touches it (a Site)."""

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import Self

import psutil

from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_http import ask as ask_http
from llmplat.adapters.local_sweep import marked
from llmplat.adapters.raw_http import exchange
from llmplat.apply import key_changes
from llmplat.apply.key_changes import Desk
from llmplat.apply.keys import MadeKey, Target, make_key
from llmplat.domain.errors import GatewayError
from llmplat.domain.ports import HttpAnswer
from llmplat.observe.attacks import Answered
from llmplat.observe.status import parse_samples
from llmplat.observe.verify import EngineAddress, Listener, TemporaryKey
from llmplat.spec.tenant import PLATFORM_TENANT

_TIMEOUT_S = 120.0
_LENT_FOR = timedelta(minutes=15)
_KNOWN_WITHIN_S = 10.0
_COUNTERS = ("vllm:prompt_tokens_total", "vllm:generation_tokens_total")


class LocalVerifySite:
    """Lends keys while it is open; closing takes all of them back."""

    def __init__(
        self,
        desk: Desk,
        home: LocalHome,
        address: tuple[str, int],
        models: Mapping[str, str],
        engines: tuple[EngineAddress, ...],
    ) -> None:
        self._desk = desk
        self._home = home
        self.address = address
        self.models = models
        self.engines = engines
        self.platform = home.platform
        self._lent: dict[str, MadeKey] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._lent.clear()
        self._publish()

    def lend_key(self, app: str) -> TemporaryKey:
        """A key of one of verify's apps, good for minutes; GatewayError when it stays unknown."""
        made = make_key(Target(PLATFORM_TENANT, app), self._desk.now, self._desk.now + _LENT_FOR)
        self._lent[made.entry.id] = made
        self._publish()
        end = time.monotonic() + _KNOWN_WITHIN_S
        while self.ask("GET", "/v1/models", made.secret, None).status == 401:
            if time.monotonic() > end:
                raise GatewayError(
                    "The gateway does not take a new key.",
                    f"app {app} of tenant {PLATFORM_TENANT} got 401 for {_KNOWN_WITHIN_S:.0f} s",
                    ("llmplat up", "llmplat verify"),
                )
            time.sleep(0.05)
        return TemporaryKey(made.entry.id, made.secret)

    def revoke_key(self, key: TemporaryKey) -> None:
        """Deny it at the counters, then take it out of the gateway's file."""
        self._desk.gate.deny((key.id,))
        self._lent.pop(key.id, None)
        self._publish()

    def ask(
        self, method: str, path: str, key: str | None, body: Mapping[str, object] | None
    ) -> HttpAnswer:
        """One plain request to the gateway."""
        headers = {"content-type": "application/json"} if body is not None else {}
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        return ask_http(
            method,
            f"http://{self.address[0]}:{self.address[1]}{path}",
            headers=headers,
            body=None if body is None else json.dumps(body).encode(),
            timeout_s=_TIMEOUT_S,
        )

    def ask_engine(self, engine: EngineAddress, method: str, path: str) -> HttpAnswer:
        """One request past the gateway, without a key."""
        url = f"http://{engine.host}:{engine.port}{path}"
        body = json.dumps({"model": engine.model, "messages": []}).encode()
        headers = {"content-type": "application/json"}
        posted = body if method == "POST" else None
        return ask_http(method, url, headers=headers, body=posted, timeout_s=_TIMEOUT_S)

    def send_raw(self, data: bytes, timeout_s: float) -> Answered:
        """Bytes to the gateway as they are."""
        return exchange(*self.address, data, timeout_s)

    def engine_tokens(self) -> tuple[int, int]:
        """Prompt and generated tokens by the engines' own counters."""
        prompt, generated = 0.0, 0.0
        for engine in self.engines:
            url = f"http://{engine.host}:{engine.port}/metrics"
            samples = parse_samples(ask_http("GET", url, timeout_s=_TIMEOUT_S).body.decode())
            prompt += sum(samples.get(_COUNTERS[0], ()))
            generated += sum(samples.get(_COUNTERS[1], ()))
        return round(prompt), round(generated)

    def listeners(self) -> tuple[Listener, ...]:
        """Every TCP socket the platform's processes listen on."""
        names = {one.pid: one.service for one in marked(self._home.state_id)}
        return tuple(
            Listener(names[socket.pid], socket.laddr.ip, socket.laddr.port)
            for socket in psutil.net_connections("tcp")
            if socket.status == psutil.CONN_LISTEN and socket.pid in names and socket.laddr
        )

    def _publish(self) -> None:
        with self._desk.store.hold():
            keys = key_changes.read(self._desk)
            key_changes.publish(self._desk, keys, tuple(m.entry for m in self._lent.values()))
