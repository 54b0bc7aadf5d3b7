"""The pages: what is shown and what a form does, always with the key of whoever signed in."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from llmplat.console.attempts import Attempts
from llmplat.console.fence import App, Fence
from llmplat.console.gateway import Gateway, GatewayError
from llmplat.console.plot import make_plot
from llmplat.console.sessions import LONGEST_S, Session, Sessions, is_same
from llmplat.console.settings import Settings
from llmplat.console.words import FILTERS

FOLDER = Path(__file__).parent
PREFIX = "sk-llmplat-"
ACCOUNT = "/llmplat/v1/account"
CATALOG = "/llmplat/v1/catalog"
CHANGES = "/llmplat/v1/key-changes"
OWN_TENANT = "platform"
LIFETIMES_DAYS = (7, 30, 90, 365)
OVERLAPS_HOURS = (1, 24, 168)
_ASSETS = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "console.svg": "image/svg+xml",
}


class _Stop(Exception):  # noqa: N818 (an answer on its way, not a fault)
    """Ends a handler with this answer."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


@dataclass
class Console:
    """What all pages share."""

    settings: Settings
    gateway: Gateway
    sessions: Sessions
    attempts: Attempts
    templates: Environment

    @property
    def cookie(self) -> str:
        """Name of the session's cookie."""
        return "__Host-llmplat-console" if self.settings.is_tls else "llmplat-console"

    # ---- pages ----

    async def show_start(self, request: Request) -> Response:
        """To the catalogue, or to the door."""
        session = self._find(request)
        return _go("/sign-in" if session is None else "/models")

    async def show_sign_in(self, request: Request) -> Response:
        """The door."""
        if self._find(request) is not None:
            return _go("/models")
        return self._page("sign-in.html", None)

    async def sign_in(self, request: Request) -> Response:
        """A new session for a key that the gateway knows."""
        address = request.client.host if request.client else ""
        wait_s = self.attempts.wait_s(address)
        if wait_s:
            fault = f"Too many failed sign-ins. Try again in {wait_s} seconds."
            answer = self._page("sign-in.html", None, 429, fault=fault)
            answer.headers["retry-after"] = str(wait_s)
            return answer
        key = (await _read_form(request)).get("key", "").strip()
        try:
            me = (await self._check(key))["me"]
        except GatewayError as error:
            return self._refuse_sign_in(address, error)
        if me["tenant"] == OWN_TENANT:
            self.attempts.failed(address)
            fault = "The platform's own keys are not for people. Sign in with a tenant's key."
            return self._page("sign-in.html", None, 403, fault=fault)
        self.sessions.end(request.cookies.get(self.cookie))
        cookie = self.sessions.begin(key, me["tenant"], me["app"], me["key"])
        answer = _go(f"/tenants/{me['tenant']}")
        self._set_cookie(answer, cookie, LONGEST_S)
        return answer

    async def sign_out(self, request: Request) -> Response:
        """Forgets the session."""
        await self._enter_form(request)
        self.sessions.end(request.cookies.get(self.cookie))
        answer = _go("/sign-in")
        self._set_cookie(answer, "", 0)
        return answer

    async def show_models(self, request: Request) -> Response:
        """The catalogue."""
        session = self._enter(request)
        catalog = await self._read(session, CATALOG)
        return self._page("models.html", session, catalog=catalog)

    async def show_tenant(self, request: Request) -> Response:
        """The tenant's own page."""
        session = self._enter(request)
        self._check_tenant(request, session)
        account = await self._read_account(session)
        return self._page("tenant.html", session, **_describe(account))

    async def show_new_key(self, request: Request) -> Response:
        """A key just made, once."""
        session = self._enter(request)
        self._check_tenant(request, session)
        fresh = session.take_fresh()
        account = await self._read_account(session)
        change = next((c for c in account["changes"] if fresh and c["made"] == fresh[0]), None)
        return self._page("new-key.html", session, fresh=fresh, change=change)

    # ---- forms ----

    async def create_key(self, request: Request) -> Response:
        """Asks for one more key of the signed-in app."""
        session, form = await self._enter_form(request)
        self._check_tenant(request, session)
        days = _choose(form, "days", LIFETIMES_DAYS)
        return await self._make_key(session, {"act": "create", "lifetime_s": days * 86400})

    async def rotate_key(self, request: Request) -> Response:
        """Asks for a key in the place of another."""
        session, form = await self._enter_form(request)
        self._check_tenant(request, session)
        days = _choose(form, "days", LIFETIMES_DAYS)
        hours = _choose(form, "hours", OVERLAPS_HOURS)
        wish = {"act": "rotate", "key": request.path_params["key"]}
        return await self._make_key(
            session, {**wish, "lifetime_s": days * 86400, "overlap_s": hours * 3600}
        )

    async def revoke_key(self, request: Request) -> Response:
        """Takes a key back, now."""
        session, _ = await self._enter_form(request)
        self._check_tenant(request, session)
        key_id = request.path_params["key"]
        await self._send(session, {"act": "revoke", "key": key_id})
        session.notice = f"{key_id} is revoked."
        return _go(f"/tenants/{session.tenant}")

    async def withdraw(self, request: Request) -> Response:
        """Takes back a change that waits."""
        session, _ = await self._enter_form(request)
        self._check_tenant(request, session)
        change_id = request.path_params["change"]
        await self._send(session, {"act": "withdraw", "change": change_id})
        session.notice = f"{change_id} is withdrawn."
        return _go(f"/tenants/{session.tenant}")

    async def show_asset(self, request: Request) -> Response:
        """A file of ours."""
        name = request.url.path.lstrip("/")
        headers = {"cache-control": "max-age=300"}
        return Response((FOLDER / name).read_bytes(), media_type=_ASSETS[name], headers=headers)

    async def tell_life(self, _: Request) -> Response:
        """That the console lives."""
        return Response("alive", media_type="text/plain")

    # ---- parts ----

    def _find(self, request: Request) -> Session | None:
        is_live = request.headers.get("x-llmplat-live") == "1"
        return self.sessions.find(request.cookies.get(self.cookie), is_seen=not is_live)

    def _enter(self, request: Request) -> Session:
        session = self._find(request)
        if session is None:
            raise _Stop(_go("/sign-in"))
        return session

    async def _enter_form(self, request: Request) -> tuple[Session, dict[str, str]]:
        """The session and the form; a form without the session's token is somebody else's."""
        session = self._enter(request)
        form = await _read_form(request)
        if not is_same(form.get("token", ""), session.token):
            raise _Stop(self._fail(session, 403, "That form was not from this session."))
        return session, form

    def _check_tenant(self, request: Request, session: Session) -> None:
        """Another tenant's page is not there, whether or not there is such a tenant."""
        if not is_same(request.path_params["tenant"], session.tenant):
            raise _Stop(self._fail(session, 404, "There is no such page."))

    async def _check(self, key: str) -> dict[str, Any]:
        if not key.startswith(PREFIX) or len(key) > 200 or not key.isascii():
            raise GatewayError(401, "invalid_api_key", "")
        if not key.isprintable() or " " in key:
            raise GatewayError(401, "invalid_api_key", "")
        return await self.gateway.read(ACCOUNT, key)

    def _refuse_sign_in(self, address: str, error: GatewayError) -> Response:
        if error.status == 401:
            self.attempts.failed(address)
            fault = "This key is not known, or it was revoked or has expired."
            return self._page("sign-in.html", None, 401, fault=fault)
        return self._page("sign-in.html", None, 503, fault=_say(error))

    async def _read(self, session: Session, path: str) -> dict[str, Any]:
        try:
            return await self.gateway.read(path, session.key)
        except GatewayError as error:
            raise _Stop(self._give_up(session, error)) from error

    async def _read_account(self, session: Session) -> dict[str, Any]:
        account = await self._read(session, ACCOUNT)
        if account["me"]["tenant"] != session.tenant:
            raise _Stop(self._fail(session, 404, "There is no such page."))
        return account

    async def _send(self, session: Session, wish: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self.gateway.send(CHANGES, session.key, wish)
        except GatewayError as error:
            raise _Stop(self._give_up(session, error)) from error

    async def _make_key(self, session: Session, wish: dict[str, Any]) -> Response:
        """The secret is made here and shown once; the gateway is told its hash."""
        secret = PREFIX + secrets.token_urlsafe(32)
        told = await self._send(
            session, {**wish, "sha256": hashlib.sha256(secret.encode()).hexdigest()}
        )
        session.fresh = (told["made"], secret)
        return _go(f"/tenants/{session.tenant}/new-key")

    def _give_up(self, session: Session, error: GatewayError) -> Response:
        if error.status == 401:
            session.key, session.began_s = "", float("-inf")
            fault = "Your key is no longer good, so you were signed out."
            return self._page("sign-in.html", None, 401, fault=fault)
        status = error.status if 400 <= error.status < 500 else 503
        return self._fail(session, status, _say(error))

    def _fail(self, session: Session | None, status: int, text: str) -> Response:
        return self._page("fault.html", session, status, fault=text)

    def _page(
        self, name: str, session: Session | None, status: int = 200, **values: Any  # noqa: ANN401 (what a template shows)
    ) -> Response:
        values = {"fault": "", "session": session, "days": LIFETIMES_DAYS, **values}
        notice = session.take_notice() if session is not None else ""
        text = self.templates.get_template(name).render(
            notice=notice, overlaps=OVERLAPS_HOURS, **values
        )
        return HTMLResponse(text, status)

    def _set_cookie(self, answer: Response, value: str, age_s: int) -> None:
        answer.set_cookie(
            self.cookie, value, max_age=age_s, path="/", httponly=True, samesite="strict",
            secure=self.settings.is_tls,
        )  # fmt: skip


def make_app(
    settings: Settings,
    gateway: Gateway,
    sessions: Sessions | None = None,
    attempts: Attempts | None = None,
) -> App:
    """The console as an ASGI app."""
    console = Console(
        settings, gateway, sessions or Sessions(), attempts or Attempts(), _make_templates()
    )

    @asynccontextmanager
    async def live(_: Starlette) -> Any:  # noqa: ANN401 (Starlette's own shape)
        yield
        close = getattr(gateway, "close", None)
        if close is not None:
            await close()

    async def show_nothing(request: Request, _: Exception) -> Response:
        return console._fail(console._find(request), 404, "There is no such page.")  # noqa: SLF001 (of this module)

    app = Starlette(
        routes=_routes(console),
        lifespan=live,
        exception_handlers={404: show_nothing, 405: show_nothing},
    )
    return Fence(app, settings.hosts, is_tls=settings.is_tls)


def _routes(console: Console) -> list[Route]:
    tenant, key = "/tenants/{tenant}", "/tenants/{tenant}/keys/{key}"
    reads = {
        "/": console.show_start,
        "/sign-in": console.show_sign_in,
        "/models": console.show_models,
        tenant: console.show_tenant,
        f"{tenant}/new-key": console.show_new_key,
        "/health/live": console.tell_life,
        **{f"/{name}": console.show_asset for name in _ASSETS},
    }
    writes = {
        "/sign-in": console.sign_in,
        "/sign-out": console.sign_out,
        f"{tenant}/keys": console.create_key,
        f"{key}/rotate": console.rotate_key,
        f"{key}/revoke": console.revoke_key,
        f"{tenant}/changes/{{change}}/withdraw": console.withdraw,
    }
    return [
        *(Route(path, _stopping(end), methods=["GET"]) for path, end in reads.items()),
        *(Route(path, _stopping(end), methods=["POST"]) for path, end in writes.items()),
    ]


_End = Callable[[Request], Awaitable[Response]]


def _stopping(end: _End) -> _End:
    async def run(request: Request) -> Response:
        try:
            return await end(request)
        except _Stop as stop:
            return stop.answer

    return run


def _make_templates() -> Environment:
    loader = FileSystemLoader(FOLDER)
    templates = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(FILTERS)
    return templates


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


async def _read_form(request: Request) -> dict[str, str]:
    """The form's fields; one that comes twice counts as missing."""
    text = (await request.body()).decode("latin-1")
    try:
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


def _choose(form: dict[str, str], name: str, offered: tuple[int, ...]) -> int:
    number = form.get(name, "")
    return int(number) if number.isdigit() and int(number) in offered else offered[0]


def _say(error: GatewayError) -> str:
    if error.status == 0:
        return "The gateway does not answer. Is the platform up?"
    return error.message or "The gateway could not answer."


def _go(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303)
