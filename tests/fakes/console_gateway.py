"""A gateway in memory for the console's tests: tenants by key, and every wish that was sent (a Gateway)."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from llmplat.console.gateway import GatewayError

BUDGET = {
    "period": "month",
    "limitNanousd": 2 * 10**9,
    "spentNanousd": 5 * 10**8,
    "resetsAt": "2026-12-01T00:00:00Z",
}
LIMITS = {"requestsPerMinute": 60, "tokensPerMinute": None, "parallelRequests": 4}


@dataclass
class FakeGateway:
    """`people` is key -> (tenant, app, key id); `told` is laid over each tenant's account."""

    people: dict[str, tuple[str, str, str]]
    told: dict[str, Any] = field(default_factory=dict)
    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """(tenant, wish)"""
    asked: list[str] = field(default_factory=list)
    fault: GatewayError | None = None
    takes_s: float = 0.0

    async def read(self, path: str, key: str) -> dict[str, Any]:
        self.asked.append(path)
        await asyncio.sleep(self.takes_s)
        me = self._who(key)
        return _catalog(me[0]) if path.endswith("catalog") else _account(me) | self.told

    async def send(self, path: str, key: str, wish: dict[str, Any]) -> dict[str, Any]:
        tenant, _, _ = self._who(key)
        self.sent.append((tenant, wish))
        return {"change": "c-000000000001", "act": wish["act"], "key": "", "made": "k-new00001"}

    def _who(self, key: str) -> tuple[str, str, str]:
        if self.fault is not None:
            raise self.fault
        if key not in self.people:
            raise GatewayError(401, "invalid_api_key", "unknown")
        return self.people[key]


def _account(me: tuple[str, str, str]) -> dict[str, Any]:
    tenant, app, key_id = me
    usage = {"budget": BUDGET, "inFlight": 0, "limits": LIMITS}
    key = {"created": "2026-11-01T00:00:00Z", "expires": None, "state": "live"}
    return {
        "platform": "demo",
        "at": "2026-11-22T10:00:00Z",
        "since": "2026-11-01T00:00:00Z",
        "me": {"tenant": tenant, "app": app, "key": key_id},
        "selfService": None,
        "usage": {"name": tenant, **usage, "apps": [{"name": app, **usage}]},
        "days": [{"day": "2026-11-03", "nanousd": 5 * 10**8, "requests": 9, "tokens": 900}],
        "refusals": [],
        "keys": [{"id": key_id, "app": app, "isMine": True, "isThis": True, **key}],
        "changes": [],
    }


def _catalog(tenant: str) -> dict[str, Any]:
    model = {
        "name": "stub",
        "aliases": ["default"],
        "kind": "chat",
        "owner": "platform-team",
        "context": 2048,
        "maxTokens": 1024,
        "dataClass": "internal",
        "isExternal": False,
        "price": {"inputNanousdPerToken": 100, "outputNanousdPerToken": 400},
        "isMine": True,
        "tenants": [tenant],
        "running": 1,
        "waiting": 0,
        "capacity": {"running": 4, "waiting": 16},
        "health": {"state": "answering", "cause": ""},
    }
    return {"platform": "demo", "at": "2026-11-22T10:00:00Z", "models": [model]}
