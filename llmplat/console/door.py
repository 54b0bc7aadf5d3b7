"""Signing in with a key, and out."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from llmplat.console.counter import ACCOUNT, Counter, go, read_form, say
from llmplat.console.gateway import GatewayError
from llmplat.console.sessions import LONGEST_S

PREFIX = "sk-llmplat-"
OWN_TENANT = "platform"


class Door(Counter):
    """Who comes in, and how often a stranger may try."""

    async def sign_in(self, request: Request) -> Response:
        """A new session for a key that the gateway knows."""
        address = self._address(request)
        wait_s = self.attempts.wait_s(address)
        if wait_s:
            fault = f"Too many failed sign-ins. Try again in {wait_s} seconds."
            answer = self.page("sign-in.html", None, 429, fault=fault)
            answer.headers["retry-after"] = str(wait_s)
            return answer
        self.attempts.begin(address)
        key = (await read_form(request)).get("key", "").strip()
        try:
            me = (await self._check(key))["me"]
        except GatewayError as error:
            return self._refuse_sign_in(address, error)
        if me["tenant"] == OWN_TENANT:
            fault = "The platform's own keys are not for people. Sign in with a tenant's key."
            return self.page("sign-in.html", None, 403, fault=fault)
        self.attempts.forgive(address)
        self.sessions.end(request.cookies.get(self.cookie))
        cookie = self.sessions.begin(key, me["tenant"], me["app"], me["key"])
        answer = go(f"/tenants/{me['tenant']}")
        self.set_cookie(answer, cookie, LONGEST_S)
        return answer

    async def sign_out(self, request: Request) -> Response:
        """Forgets the session."""
        await self.enter_form(request)
        self.sessions.end(request.cookies.get(self.cookie))
        answer = go("/sign-in")
        self.set_cookie(answer, "", 0)
        return answer

    async def _check(self, key: str) -> dict[str, Any]:
        if not key.startswith(PREFIX) or len(key) > 200 or not key.isascii():
            raise GatewayError(401, "invalid_api_key", "")
        if not key.isprintable() or " " in key:
            raise GatewayError(401, "invalid_api_key", "")
        return await self.gateway.read(ACCOUNT, key)

    def _address(self, request: Request) -> str | None:
        """Of whoever asks; None behind an edge, whose own address is all there is to see.

        Counted by that one, anybody's five failures would keep everybody out; what a header says of
        an address could be anybody's.
        """
        if self.settings.is_tls:
            return None
        return request.client.host if request.client else ""

    def _refuse_sign_in(self, address: str | None, error: GatewayError) -> Response:
        if error.status == 401:
            fault = "This key is not known, or it was revoked or has expired."
            return self.page("sign-in.html", None, 401, fault=fault)
        self.attempts.forgive(address)
        return self.page("sign-in.html", None, 503, fault=say(error))
