"""The pages that are read."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from llmplat.console.counter import CATALOG, Counter, go
from llmplat.console.plot import make_plot

FOLDER = Path(__file__).parent
ASSETS = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "console.svg": "image/svg+xml",
}


class Pages(Counter):
    """Start, models, the tenant's own page, a new key."""

    async def show_start(self, request: Request) -> Response:
        """To the catalogue, or to the door."""
        session = self.find(request)
        return go("/sign-in" if session is None else "/models")

    async def show_sign_in(self, request: Request) -> Response:
        """The door."""
        if self.find(request) is not None:
            return go("/models")
        return self.page("sign-in.html", None)

    async def show_models(self, request: Request) -> Response:
        """The catalogue."""
        session = self.enter(request)
        catalog = await self.read(session, CATALOG)
        return self.page("models.html", session, catalog=catalog)

    async def show_tenant(self, request: Request) -> Response:
        """The tenant's own page."""
        session = self.enter(request)
        self.check_tenant(request, session)
        account = await self.read_account(session)
        return self.page("tenant.html", session, **_describe(account))

    async def show_new_key(self, request: Request) -> Response:
        """A key just made, once."""
        session = self.enter(request)
        self.check_tenant(request, session)
        account = await self.read_account(session)
        fresh = session.take_fresh()
        change = next((c for c in account["changes"] if fresh and c["made"] == fresh[0]), None)
        return self.page("new-key.html", session, fresh=fresh, change=change)

    async def show_asset(self, request: Request) -> Response:
        """A file of ours."""
        name = request.url.path.lstrip("/")
        headers = {"cache-control": "max-age=300"}
        return Response((FOLDER / name).read_bytes(), media_type=ASSETS[name], headers=headers)

    async def tell_life(self, _: Request) -> Response:
        """That the console lives."""
        return Response("alive", media_type="text/plain")


def _describe(account: dict[str, Any]) -> dict[str, Any]:
    budget = account["usage"]["budget"]
    plot = None
    if account["days"] is not None:
        limit = budget["limitNanousd"] if budget else None
        plot = make_plot(account["days"], account["since"], account["at"], limit)
    waiting = [one for one in account["changes"] if one["state"] == "open"]
    settled = [one for one in account["changes"] if one["state"] != "open"][:10]
    return {
        "account": account,
        "budget": budget,
        "plot": plot,
        "waiting": waiting,
        "settled": settled,
    }
