"""Turns an ASGI connection into an answer of ours: LiteLLM sees only what passed every control here."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable

from llmplat.gateway import account, desk, own
from llmplat.gateway.answers import send_refusal
from llmplat.gateway.bodies import parse_wish
from llmplat.gateway.charges import Refused
from llmplat.gateway.entrance import check_headers, find_key, read_body, watch_leaving
from llmplat.gateway.ledger import Ledger
from llmplat.gateway.policy import Key, Policy, get_class_name, may_use
from llmplat.gateway.records import Records
from llmplat.gateway.refusals import RefusedError
from llmplat.gateway.serving import Line, Server, get_deny_name
from llmplat.gateway.settings import Settings
from llmplat.gateway.upstream import App, ClientGoneError, Receive, Scope, Send

_ROUTES = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completion",
    "/v1/embeddings": "embedding",
}
_KINDS = {"chat": "chat", "completion": "chat", "embedding": "embedding"}
_POST = "POST "
"""Before the path of what a tenant may send beside prompts."""
_log = logging.getLogger("llmplat.gateway")


class Guard:
    """The ASGI app in front of LiteLLM."""

    def __init__(
        self,
        load_app: Callable[[], App],
        settings: Settings,
        make_ledger: Callable[[], Ledger],
        records: Records | None = None,
    ) -> None:
        self._load_app = load_app
        self._records = records
        self._settings = settings
        self._make_ledger = make_ledger
        self._app: App | None = None
        self._ledger: Ledger | None = None
        self._server: Server | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._load_app()
        self._ledger = self._make_ledger()
        self._ledger.start()
        self._server = Server(app, self._ledger)
        try:
            await app(scope, receive, send)
        finally:
            await self._ledger.stop()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = f"req-{secrets.token_hex(12)}"
        key: Key | None = None
        begun = False

        async def note_and_send(message: object) -> None:
            nonlocal begun
            begun = True
            await send(message)  # type: ignore[arg-type]  # passed on as it came

        try:
            if own.is_life_question(scope):
                await own.tell_life(send, request_id)
                return
            route = self._find_route(scope)
            self._settings.refresh()
            key = find_key(scope, self._settings.keys)
            await self._dispatch(route, key, scope, receive, note_and_send, request_id)
        except RefusedError as refused:
            await self._note(key, refused, request_id)
            if not begun:
                await send_refusal(send, refused, request_id)
        except ClientGoneError:
            return
        except Exception:
            _log.exception("request %s failed", request_id)
            await self._note(key, RefusedError("internal"), request_id)
            if not begun:
                await send_refusal(send, RefusedError("internal"), request_id)
            else:
                raise

    async def _dispatch(
        self, route: str, key: Key, scope: Scope, receive: Receive, send: Send, request_id: str
    ) -> None:
        policy = self._settings.policy
        if policy is None or self._ledger is None or self._server is None:
            raise RefusedError("not_ready")
        tenant = policy.tenants.get(key.tenant)
        if tenant is None or key.app not in tenant.apps:
            raise RefusedError("key_unknown")
        if route not in _KINDS:
            if await self._ledger.is_denied(get_deny_name(policy, key)):
                raise RefusedError("key_revoked")
            question = own.Question(policy, key, self._ledger)
            if route in desk.READS or route.startswith(_POST):
                visit = account.Visit(question, self._settings.keys, self._records)
                await self._serve_desk(route, visit, (scope, receive, send), request_id)
            else:
                await own.answer(route, question, send, request_id)
            return
        await self._generate(route, key, policy, (scope, receive, send), request_id)

    async def _serve_desk(
        self, route: str, visit: account.Visit, ends: tuple[Scope, Receive, Send], request_id: str
    ) -> None:
        scope, receive, send = ends
        if not route.startswith(_POST):
            await desk.answer(route, visit, send, request_id)
            return
        check_headers(scope)
        body = await read_body(scope, receive, desk.BODY_BYTES)
        await desk.change(route.removeprefix(_POST), visit, body, send, request_id)

    async def _generate(
        self,
        route: str,
        key: Key,
        policy: Policy,
        ends: tuple[Scope, Receive, Send],
        request_id: str,
    ) -> None:
        scope, receive, send = ends
        deadline_s = time.monotonic() + policy.gateway_s
        check_headers(scope)
        wish = parse_wish(route, await read_body(scope, receive, policy.body_limit_bytes))
        tenant = policy.tenants[key.tenant]
        model = policy.spellings.get(wish.spelling)
        if model is None or not may_use(model, tenant, tenant.apps[key.app]):
            raise RefusedError("model_refused", param="model")
        if model.kind != _KINDS[route]:
            why = (
                f"`{wish.spelling}` is a model for {model.kind}; this path is for {_KINDS[route]}."
            )
            raise RefusedError("wrong_kind", why, param="model")
        gone = asyncio.ensure_future(watch_leaving(receive))
        try:
            line = Line(scope, send, gone, request_id, deadline_s)
            assert self._server is not None  # noqa: S101  # _dispatch looked
            await self._server.serve(line, policy, key, model, wish)
        except RefusedError as refused:
            refused.model_name = model.name
            raise
        finally:
            gone.cancel()

    def _find_route(self, scope: Scope) -> str:
        path, method = scope["path"], scope["method"]
        if method == "POST":
            route = f"{_POST}{path}" if path in desk.WRITES else _ROUTES.get(path)
        else:
            is_desk = method == "GET" and path in desk.READS
            route = path if is_desk else own.find_route(method, path)
        if route is None:
            raise RefusedError("path_unknown")
        if scope.get("query_string"):
            raise RefusedError("query_refused")
        return route

    async def _note(self, key: Key | None, refused: RefusedError, request_id: str) -> None:
        """Counts a refusal and, of a known key, records it: a stranger fills no disk."""
        if self._ledger is None or refused.is_counted:
            return
        tenant, app = (key.tenant, key.app) if key else ("", "")
        who = (tenant, app, refused.model_name)
        self._ledger.count("refused", *who, refused.cause)
        policy = self._settings.policy
        owner = policy.tenants.get(tenant) if policy else None
        if refused.is_settled or policy is None or not policy.ledger_backlog:
            return
        if owner is not None and app in owner.apps:
            of_class = get_class_name(policy, owner, owner.apps[app])
            record = Refused(
                request_id, "\x1f".join(who), of_class, refused.cause, policy.ledger_backlog
            )
            await self._ledger.note(record)
