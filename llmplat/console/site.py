"""Puts the pages behind the fence: the console as an ASGI app."""

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from llmplat.console.attempts import Attempts
from llmplat.console.counter import Stop
from llmplat.console.door import Door
from llmplat.console.fence import App, Fence
from llmplat.console.forms import Forms
from llmplat.console.gateway import Gateway
from llmplat.console.pages import ASSETS, FOLDER, Pages
from llmplat.console.sessions import Sessions
from llmplat.console.settings import Settings
from llmplat.console.words import FILTERS


class Console(Pages, Door, Forms):
    """All pages and forms."""


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
        return console.fail(console.find(request), 404, "There is no such page.")

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
        **{f"/{name}": console.show_asset for name in ASSETS},
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
        except Stop as stop:
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
