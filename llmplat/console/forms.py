"""The forms: each is one wish about a key, sent to the gateway with the session's own key."""

import hashlib
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from llmplat.console.counter import LIFETIMES_DAYS, OVERLAPS_HOURS, Counter, go
from llmplat.console.door import PREFIX
from llmplat.console.sessions import Session


class Forms(Counter):
    """Create, rotate, revoke, withdraw."""

    async def create_key(self, request: Request) -> Response:
        """Asks for one more key of the signed-in app."""
        session, form = await self.enter_form(request)
        self.check_tenant(request, session)
        days = _choose(form, "days", LIFETIMES_DAYS)
        return await self._make_key(session, {"act": "create", "lifetime_s": days * 86400})

    async def rotate_key(self, request: Request) -> Response:
        """Asks for a key in the place of another."""
        session, form = await self.enter_form(request)
        self.check_tenant(request, session)
        days = _choose(form, "days", LIFETIMES_DAYS)
        hours = _choose(form, "hours", OVERLAPS_HOURS)
        wish = {"act": "rotate", "key": request.path_params["key"]}
        return await self._make_key(
            session, {**wish, "lifetime_s": days * 86400, "overlap_s": hours * 3600}
        )

    async def revoke_key(self, request: Request) -> Response:
        """Takes a key back, now."""
        session, _ = await self.enter_form(request)
        self.check_tenant(request, session)
        key_id = request.path_params["key"]
        await self.send(session, {"act": "revoke", "key": key_id})
        session.notice = f"{key_id} is revoked."
        return go(f"/tenants/{session.tenant}")

    async def withdraw(self, request: Request) -> Response:
        """Takes back a change that waits."""
        session, _ = await self.enter_form(request)
        self.check_tenant(request, session)
        change_id = request.path_params["change"]
        await self.send(session, {"act": "withdraw", "change": change_id})
        session.notice = f"{change_id} is withdrawn."
        return go(f"/tenants/{session.tenant}")

    async def _make_key(self, session: Session, wish: dict[str, Any]) -> Response:
        """The secret is made here and shown once; the gateway is told its hash."""
        secret = PREFIX + secrets.token_urlsafe(32)
        told = await self.send(
            session, {**wish, "sha256": hashlib.sha256(secret.encode()).hexdigest()}
        )
        session.fresh = (told["made"], secret)
        return go(f"/tenants/{session.tenant}/new-key")


def _choose(form: dict[str, str], name: str, offered: tuple[int, ...]) -> int:
    said = form.get(name, "")
    return next((number for number in offered if str(number) == said), offered[0])
