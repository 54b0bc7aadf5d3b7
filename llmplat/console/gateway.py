"""Asks the gateway, with the key of whoever signed in, and turns its refusals into one error."""

from typing import Any, Protocol

import httpx

_TIMEOUT_S = 10.0


class GatewayError(Exception):
    """The gateway said no, or nothing; `status` 0 means that it cannot be reached."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


class Gateway(Protocol):
    """What the console needs of the gateway; each answer is what that key may see."""

    async def read(self, path: str, key: str) -> dict[str, Any]:
        """The answer to a GET; GatewayError."""

    async def send(self, path: str, key: str, wish: dict[str, Any]) -> dict[str, Any]:
        """The answer to a POST of `wish`; GatewayError."""


class HttpGateway:
    """The gateway at `url`; no redirect is followed and no proxy asked."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=url, timeout=_TIMEOUT_S, trust_env=False, follow_redirects=False
        )

    async def read(self, path: str, key: str) -> dict[str, Any]:
        """See Gateway."""
        return await self._ask("GET", path, key, None)

    async def send(self, path: str, key: str, wish: dict[str, Any]) -> dict[str, Any]:
        """See Gateway."""
        return await self._ask("POST", path, key, wish)

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.aclose()

    async def _ask(
        self, method: str, path: str, key: str, wish: dict[str, Any] | None
    ) -> dict[str, Any]:
        try:
            headers = {"authorization": f"Bearer {key}"}
            reply = await self._client.request(method, path, headers=headers, json=wish)
            told = reply.json()
        except (httpx.HTTPError, ValueError) as error:
            raise GatewayError(0, "unreachable", "The gateway does not answer.") from error
        if reply.status_code != 200 or not isinstance(told, dict):
            fault = told.get("error") if isinstance(told, dict) else None
            fault = fault if isinstance(fault, dict) else {}
            code, message = str(fault.get("code", "failed")), str(fault.get("message", ""))
            raise GatewayError(reply.status_code, code, message)
        return told
