"""Attempts of tenants and strangers on the console's pages, each with a legitimate twin.

`control` names what stands in the way; with it taken out the attempt must succeed, or the test
of the attempt could not fail. Each runs on a console of its own, in this process.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.testclient import TestClient

from llmplat.console import attempts, counter, door, sessions
from llmplat.console.counter import Counter
from llmplat.console.fence import Fence
from llmplat.console.sessions import Session, Sessions
from llmplat.console.settings import Settings
from llmplat.console.site import make_app
from tests.fakes.console_gateway import FakeGateway

HOST = "127.0.0.1:4080"
ORIGIN = f"http://{HOST}"
NAME = "console.llm.example.com"
RED, BLUE, SYSTEM = (f"sk-llmplat-{name}" for name in ("red", "blue", "system"))
BAIT = "<script>alert(1)</script>"


@dataclass
class Site:
    """A console over a gateway in memory, and browsers that come to it."""

    gateway: FakeGateway = field(
        default_factory=lambda: FakeGateway(
            {
                RED: ("red", "web", "k-red"),
                BLUE: ("blue", "web", "k-blue"),
                SYSTEM: ("platform", "system", "system"),
            }
        )
    )
    now_s: float = 0.0
    is_tls: bool = False
    """An edge stands in front, and a name of the domain leads to it."""

    @property
    def origin(self) -> str:
        """What browsers call it."""
        return f"https://{NAME}" if self.is_tls else ORIGIN

    def __post_init__(self) -> None:
        self.sessions = Sessions(lambda: self.now_s)
        self.attempts = attempts.Attempts(lambda: self.now_s)
        self.app: Any = make_app(
            Settings("http://gateway", frozenset({NAME if self.is_tls else HOST}), self.is_tls),
            self.gateway,
            self.sessions,
            self.attempts,
        )

    def browser(self, key: str | None = None) -> TestClient:
        """One that is signed in with `key`, or with none a stranger's."""
        client = TestClient(self.app, base_url=self.origin, follow_redirects=False)
        if key is not None:
            assert sign_in(client, key).status_code == 303
        return client


def sign_in(client: TestClient, key: str) -> Any:
    return client.post("/sign-in", data={"key": key}, headers={"origin": ORIGIN})


def token_of(client: TestClient, tenant: str = "red") -> str:
    found = re.search(r'name="token" value="([^"]+)"', client.get(f"/tenants/{tenant}").text)
    assert found is not None
    return found[1]


def post(client: TestClient, path: str, token: str | None, **headers: str) -> Any:
    data = {"days": "7"} | ({} if token is None else {"token": token})
    return client.post(path, data=data, headers={"origin": ORIGIN} | headers)


def _made(site: Site, tenant: str = "red") -> bool:
    return any(who == tenant and wish["act"] == "create" for who, wish in site.gateway.sent)


# Each attempt answers whether it got what it was after.


def read_other_page(site: Site) -> bool:
    return site.browser(RED).get("/tenants/blue").status_code == 200


def read_own_page(site: Site) -> bool:
    return site.browser(RED).get("/tenants/red").status_code == 200


def act_at_other_url(site: Site) -> bool:
    red = site.browser(RED)
    return post(red, "/tenants/blue/keys", token_of(red)).status_code == 303


def act_at_own_url(site: Site) -> bool:
    red = site.browser(RED)
    return post(red, "/tenants/red/keys", token_of(red)).status_code == 303 and _made(site)


def act_without_token(site: Site) -> bool:
    post(site.browser(RED), "/tenants/red/keys", None)
    return _made(site)


def act_with_other_token(site: Site) -> bool:
    post(site.browser(RED), "/tenants/red/keys", token_of(site.browser(RED)))
    return _made(site)


def _act_from(site: Site, origin: str) -> bool:
    red = site.browser(RED)
    post(red, "/tenants/red/keys", token_of(red), origin=origin)
    return _made(site)


def act_from_other_site(site: Site) -> bool:
    return _act_from(site, "https://evil.example")


def act_from_nowhere(site: Site) -> bool:
    """A sandboxed frame, or a page that hides where it is."""
    return _act_from(site, "null")


def sign_others_in(site: Site) -> bool:
    """Login CSRF: the victim's browser is signed in as the attacker."""
    client = site.browser()
    headers = {"origin": "https://evil.example"}
    return client.post("/sign-in", data={"key": BLUE}, headers=headers).status_code == 303


def come_by_other_name(site: Site) -> bool:
    """DNS rebinding: evil.example now means 127.0.0.1."""
    red = site.browser(RED)
    return red.get("/tenants/red", headers={"host": "evil.example:4080"}).status_code == 200


def guess_on(site: Site) -> bool:
    """Whether the thirtieth wrong key of a minute still gets to the gateway."""
    client = site.browser()
    for n in range(30):
        sign_in(client, f"sk-llmplat-guess-{n}")
    return len(site.gateway.asked) >= 30


def crowd_out(site: Site) -> bool:
    """A tenant signs in until everybody else is out."""
    red = site.browser(RED)
    for _ in range(60):
        site.browser(BLUE)
    return red.get("/models").status_code != 200


def guess_at_once(site: Site) -> bool:
    """Thirty wrong keys in flight at the same time."""
    site.gateway.takes_s = 0.05

    async def run() -> None:
        transport = httpx.ASGITransport(site.app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            headers = {"origin": ORIGIN}
            tries = [
                client.post("/sign-in", data={"key": f"sk-llmplat-{n}"}, headers=headers)
                for n in range(30)
            ]
            await asyncio.gather(*tries)

    asyncio.run(run())
    return len(site.gateway.asked) >= 30


def mistype_and_sign_in(site: Site) -> bool:
    client = site.browser()
    for n in range(4):
        sign_in(client, f"sk-llmplat-guess-{n}")
    return bool(sign_in(client, RED).status_code == 303)


def plant_session(site: Site) -> bool:
    """Fixation: the attacker's cookie is in the victim's browser before it signs in."""
    attacker = site.browser(BLUE)
    cookie = attacker.cookies["llmplat-console"]
    victim = site.browser()
    victim.cookies.set("llmplat-console", cookie)
    sign_in(victim, RED)
    return "k-red" in attacker.get("/tenants/red").text


def use_cookie_after_sign_out(site: Site) -> bool:
    red = site.browser(RED)
    cookie = red.cookies["llmplat-console"]
    post(red, "/sign-out", token_of(red))
    thief = site.browser()
    thief.cookies.set("llmplat-console", cookie)
    return thief.get("/tenants/red").status_code == 200


def use_idle_session(site: Site) -> bool:
    red = site.browser(RED)
    site.now_s += 31 * 60
    return red.get("/tenants/red").status_code == 200


def _is_in_after(site: Site, looks: int, headers: dict[str, str] | None = None) -> bool:
    """Whether a look every ten minutes, so many times, leaves one signed in."""
    red = site.browser(RED)
    for _ in range(looks):
        site.now_s += 10 * 60
        red.get("/models", headers=headers)
    return red.get("/models").status_code == 200


def keep_alive_by_script(site: Site) -> bool:
    """The catalogue refreshes itself; that shall keep nobody signed in."""
    return _is_in_after(site, 4, {"x-llmplat-live": "1"})


def work_on_and_on(site: Site) -> bool:
    return _is_in_after(site, 4)


def stay_for_days(site: Site) -> bool:
    return _is_in_after(site, 49)


def _sees_key(site: Site, look: int) -> bool:
    """Whether the `look`-th look at a new key shows it."""
    red = site.browser(RED)
    post(red, "/tenants/red/keys", token_of(red))
    pages = [red.get("/tenants/red/new-key").text for _ in range(look)]
    return 'value="sk-llmplat-' in pages[-1]


def see_key_again(site: Site) -> bool:
    return _sees_key(site, 2)


def see_key_once(site: Site) -> bool:
    return _sees_key(site, 1)


def inject_markup(site: Site) -> bool:
    """A model name, a cause or an owner's word that is markup."""
    refusal = {
        "app": BAIT,
        "model": BAIT,
        "cause": BAIT,
        "count": 1,
        "last": "2026-11-22T10:00:00Z",
    }
    site.gateway.told["refusals"] = [refusal]
    return BAIT in site.browser(RED).get("/tenants/red").text


def read_own_words(site: Site) -> bool:
    refusal = {"app": "web", "model": "stub", "cause": "budget_app", "count": 1, "last": None}
    site.gateway.told["refusals"] = [refusal]
    return "budget is spent" in site.browser(RED).get("/tenants/red").text


def enter_as_platform(site: Site) -> bool:
    return bool(sign_in(site.browser(), SYSTEM).status_code == 303)


def enter_as_tenant(site: Site) -> bool:
    return bool(sign_in(site.browser(), RED).status_code == 303)


def change_by_link(site: Site) -> bool:
    """An image or a link to an act: GET must change nothing."""
    red = site.browser(RED)
    red.get("/tenants/red/keys/k-red/revoke")
    red.get("/tenants/red/keys?days=7")
    return bool(site.gateway.sent)


def enter_by_link(site: Site) -> bool:
    """A key in an address would stand in histories and logs; it must not work there."""
    return site.browser().get(f"/sign-in?key={RED}").status_code == 303


def flood_with_form(site: Site) -> bool:
    red = site.browser(RED)
    body = {"token": token_of(red), "days": "7", "more": "x" * 100_000}
    red.post("/tenants/red/keys", data=body, headers={"origin": ORIGIN})
    return _made(site)


def send_json_for_form(site: Site) -> bool:
    """A type that a page of another site may send without asking first."""
    red = site.browser(RED)
    body = f"token={token_of(red)}&days=7"
    headers = {"origin": ORIGIN, "content-type": "text/plain"}
    red.post("/tenants/red/keys", content=body, headers=headers)
    return _made(site)


def stay_after_revocation(site: Site) -> bool:
    red = site.browser(RED)
    del site.gateway.people[RED]
    return "k-red" in red.get("/tenants/red").text or red.get("/models").status_code == 200


def see_moved_key(site: Site) -> bool:
    """The key came to belong to another tenant: the session was for the old one."""
    red = site.browser(RED)
    site.gateway.people[RED] = ("blue", "web", "k-blue")
    return "k-blue" in red.get("/tenants/red").text


def walk_out_of_folder(site: Site) -> bool:
    client = site.browser()
    paths = ("/../site.py", "/..%2fsite.py", "/site.py", "/base.html", "/console.css/../pages.py")
    return any(client.get(path).status_code == 200 for path in paths)


def fetch_asset(site: Site) -> bool:
    return site.browser().get("/console.css").status_code == 200


def _let(monkeypatch: Any, owner: Any, name: str, value: Any) -> None:
    monkeypatch.setattr(owner, name, value)


Control = Callable[[Any], None]


@dataclass(frozen=True)
class PageAttack:
    """One attempt, what legitimate thing looks like it, and how to take the control out."""

    attempt: Callable[[Site], bool]
    twin: Callable[[Site], bool]
    control: Control | None = None
    is_tls: bool = False

    @property
    def name(self) -> str:
        return self.attempt.__name__

    def site(self) -> Site:
        """A fresh one to try it on."""
        return Site(is_tls=self.is_tls)


def _no_tenant(m: Any) -> None:
    _let(m, Counter, "check_tenant", lambda *_: None)


def _no_token(m: Any) -> None:
    _let(m, counter, "is_same", lambda *_: True)


def no_fence(m: Any) -> None:
    _let(m, Fence, "find_fault", lambda *_: None)


def _no_end(m: Any) -> None:
    _let(m, Sessions, "end", lambda *_: None)


def _no_idle(m: Any) -> None:
    _let(m, sessions, "IDLE_S", 10**9)


def _no_longest(m: Any) -> None:
    _let(m, sessions, "LONGEST_S", 10**9)


def _no_limit(m: Any) -> None:
    _let(m, attempts.Attempts, "wait_s", lambda *_: 0)


def _no_late_count(m: Any) -> None:
    """As if a failure were counted only once it is known."""
    _let(m, attempts.Attempts, "begin", lambda *_: None)


def _no_share(m: Any) -> None:
    _let(m, sessions, "PER_TENANT", 10**9)
    _let(m, sessions, "AT_MOST", 50)


def _no_taking(m: Any) -> None:
    _let(m, Session, "take_fresh", lambda self: self.fresh)


def _no_own_tenant(m: Any) -> None:
    _let(m, door, "OWN_TENANT", "none")


def _no_escape(m: Any) -> None:
    from llmplat.console import site

    real = site.Environment
    _let(m, site, "Environment", lambda **kw: real(**(kw | {"autoescape": False})))


def _no_account_check(m: Any) -> None:
    async def read_account(self: Any, session: Any) -> Any:
        return await self.read(session, counter.ACCOUNT)

    _let(m, Counter, "read_account", read_account)


ATTACKS: tuple[PageAttack, ...] = (
    PageAttack(read_other_page, read_own_page, _no_tenant),
    PageAttack(act_at_other_url, act_at_own_url, _no_tenant),
    PageAttack(act_without_token, act_at_own_url, _no_token),
    PageAttack(act_with_other_token, act_at_own_url, _no_token),
    PageAttack(act_from_other_site, act_at_own_url, no_fence),
    PageAttack(act_from_nowhere, act_at_own_url, no_fence),
    PageAttack(sign_others_in, enter_as_tenant, no_fence),
    PageAttack(come_by_other_name, read_own_page, no_fence),
    PageAttack(flood_with_form, act_at_own_url, no_fence),
    PageAttack(send_json_for_form, act_at_own_url, no_fence),
    PageAttack(guess_on, mistype_and_sign_in, _no_limit),
    PageAttack(guess_at_once, mistype_and_sign_in, _no_late_count),
    PageAttack(crowd_out, work_on_and_on, _no_share),
    PageAttack(plant_session, enter_as_tenant),
    PageAttack(use_cookie_after_sign_out, read_own_page, _no_end),
    PageAttack(use_idle_session, work_on_and_on, _no_idle),
    PageAttack(keep_alive_by_script, work_on_and_on, _no_idle),
    PageAttack(stay_for_days, work_on_and_on, _no_longest),
    PageAttack(see_key_again, see_key_once, _no_taking),
    PageAttack(inject_markup, read_own_words, _no_escape),
    PageAttack(enter_as_platform, enter_as_tenant, _no_own_tenant),
    PageAttack(change_by_link, act_at_own_url),
    PageAttack(enter_by_link, enter_as_tenant),
    PageAttack(stay_after_revocation, read_own_page),
    PageAttack(see_moved_key, read_own_page, _no_account_check),
    PageAttack(walk_out_of_folder, fetch_asset),
)
