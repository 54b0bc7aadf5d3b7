"""What all pages share: who is signed in, what the gateway says to them, and how a page is made."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from llmplat.console.attempts import Attempts
from llmplat.console.gateway import Gateway, GatewayError
from llmplat.console.sessions import Session, Sessions, is_same
from llmplat.console.settings import Settings

ACCOUNT = "/llmplat/v1/account"
CATALOG = "/llmplat/v1/catalog"
CHANGES = "/llmplat/v1/key-changes"
LIFETIMES_DAYS = (7, 30, 90, 365)
OVERLAPS_HOURS = (1, 24, 168)


class Stop(Exception):  # noqa: N818 (an answer on its way, not a fault)
    """Ends a handler with this answer."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


@dataclass
class Counter:
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

    def find(self, request: Request) -> Session | None:
        """The session of the request, None when there is none."""
        is_live = request.headers.get("x-llmplat-live") == "1"
        return self.sessions.find(request.cookies.get(self.cookie), is_seen=not is_live)

    def enter(self, request: Request) -> Session:
        """The same; without one, to the door."""
        session = self.find(request)
        if session is None:
            raise Stop(go("/sign-in"))
        return session

    async def enter_form(self, request: Request) -> tuple[Session, dict[str, str]]:
        """The session and the form; a form without the session's token is somebody else's."""
        session = self.enter(request)
        form = await read_form(request)
        if not is_same(form.get("token", ""), session.token):
            raise Stop(self.fail(session, 403, "That form was not from this session."))
        return session, form

    def check_tenant(self, request: Request, session: Session) -> None:
        """Another tenant's page is not there, whether or not there is such a tenant."""
        if not is_same(request.path_params["tenant"], session.tenant):
            raise Stop(self.fail(session, 404, "There is no such page."))

    async def read(self, session: Session, path: str) -> dict[str, Any]:
        """What the gateway tells this session; ends the page when it says no."""
        try:
            return await self.gateway.read(path, session.key)
        except GatewayError as error:
            raise Stop(self.give_up(session, error)) from error

    async def read_account(self, session: Session) -> dict[str, Any]:
        """The tenant's own figures, of the session's tenant and no other."""
        account = await self.read(session, ACCOUNT)
        if account["me"]["tenant"] != session.tenant:
            raise Stop(self.fail(session, 404, "There is no such page."))
        return account

    async def send(self, session: Session, wish: dict[str, Any]) -> dict[str, Any]:
        """What came of a wish; ends the page when the gateway says no."""
        try:
            return await self.gateway.send(CHANGES, session.key, wish)
        except GatewayError as error:
            raise Stop(self.give_up(session, error)) from error

    def give_up(self, session: Session, error: GatewayError) -> Response:
        """The page for an answer that did not come."""
        if error.status == 401:
            session.key, session.began_s = "", float("-inf")
            fault = "Your key is no longer good, so you were signed out."
            return self.page("sign-in.html", None, 401, fault=fault)
        status = error.status if 400 <= error.status < 500 else 503
        return self.fail(session, status, say(error))

    def fail(self, session: Session | None, status: int, text: str) -> Response:
        """The page that says why nothing was done."""
        return self.page("fault.html", session, status, fault=text)

    def page(
        self,
        name: str,
        session: Session | None,
        status: int = 200,
        **values: Any,  # noqa: ANN401 (what a template shows)
    ) -> Response:
        """A template with what all of them need."""
        values = {"fault": "", "session": session, "days": LIFETIMES_DAYS, **values}
        notice = session.take_notice() if session is not None else ""
        text = self.templates.get_template(name).render(
            notice=notice, overlaps=OVERLAPS_HOURS, **values
        )
        return HTMLResponse(text, status)

    def set_cookie(self, answer: Response, value: str, age_s: int) -> None:
        """The session's cookie: never read by scripts, never sent from another site."""
        answer.set_cookie(
            self.cookie, value, max_age=age_s, path="/", httponly=True, samesite="strict",
            secure=self.settings.is_tls,
        )  # fmt: skip


async def read_form(request: Request) -> dict[str, str]:
    """The form's fields; one that comes twice counts as missing."""
    text = (await request.body()).decode("latin-1")
    try:
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


def say(error: GatewayError) -> str:
    """The gateway's own words, or ours where it has none."""
    if error.status == 0:
        return "The gateway does not answer. Is the platform up?"
    return error.message or "The gateway could not answer."


def go(path: str) -> RedirectResponse:
    """Another page, by GET."""
    return RedirectResponse(path, 303)
