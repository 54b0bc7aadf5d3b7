"""Attempts on the console behind an edge, where a name of the domain leads to it by https."""

from collections.abc import Callable
from typing import Any

from page_attacks import BLUE, RED, PageAttack, Site, no_fence

from llmplat.console.counter import Counter
from llmplat.console.door import Door


def _enter(site: Site, key: str, **headers: str) -> Any:
    """A sign-in as the edge sends it on: plain http, the name and the origin of a browser's https."""
    return site.browser().post(
        "/sign-in", data={"key": key}, headers={"origin": site.origin} | headers
    )


def strip_the_lock(site: Site) -> bool:
    """A header says the browser came without TLS: a cookie without Secure is sent in the open."""
    answer = _enter(site, RED, **{"x-forwarded-proto": "http", "forwarded": "proto=http"})
    return answer.status_code == 303 and "secure" not in answer.headers["set-cookie"].lower()


def plant_cookie_from_a_sister_name(site: Site) -> bool:
    """chat.llm.example.com may set cookies for the whole domain, but none that begins with __Host-."""
    mine = _enter(site, BLUE).headers["set-cookie"].partition(";")[0].partition("=")[2]
    headers = {"cookie": f"llmplat-console={mine}"}
    return site.browser().get("/tenants/blue", headers=headers).status_code == 200


def show_the_own_cookie(site: Site) -> bool:
    cookie = _enter(site, RED).headers["set-cookie"].partition(";")[0]
    return site.browser().get("/tenants/red", headers={"cookie": cookie}).status_code == 200


def send_a_form_in_the_open(site: Site) -> bool:
    """Somebody on the way answers for http://console.llm.example.com and posts from there."""
    plain = site.origin.replace("https://", "http://")
    return bool(_enter(site, RED, origin=plain).status_code == 303)


def come_past_the_edge(site: Site) -> bool:
    """By the name that the Service has inside the cluster."""
    answer = site.browser().get("/sign-in", headers={"host": "console.llm-gateway"})
    return bool(answer.status_code == 200)


def read_the_first_page(site: Site) -> bool:
    return bool(site.browser().get("/sign-in").status_code == 200)


def shut_everybody_out(site: Site) -> bool:
    """Behind the edge all have its address: one who guesses must not keep the others out."""
    for n in range(30):
        _enter(site, f"sk-llmplat-guess-{n}")
    return bool(_enter(site, RED).status_code != 303)


def guess_without_end(site: Site) -> bool:
    """Whether the thousandth wrong key of a minute still gets to the gateway."""
    for n in range(400):
        _enter(site, f"sk-llmplat-guess-{n}", **{"x-forwarded-for": f"10.0.0.{n % 250}"})
    return len(site.gateway.asked) >= 400


def enter(site: Site) -> bool:
    return bool(_enter(site, RED).status_code == 303)


def _by_header(m: Any) -> None:
    """As if a header decided about the cookie."""
    real: Callable[..., None] = Counter.set_cookie

    def set_cookie(self: Any, answer: Any, value: str, age_s: int) -> None:
        real(self, answer, value, age_s)
        answer.headers["set-cookie"] = answer.headers["set-cookie"].replace("; Secure", "")

    m.setattr(Counter, "set_cookie", set_cookie)


def _no_prefix(m: Any) -> None:
    m.setattr(Counter, "cookie", "llmplat-console")


def _by_address(m: Any) -> None:
    m.setattr(Door, "_address", lambda _, request: request.client.host)


def _no_sum(m: Any) -> None:
    from llmplat.console import attempts

    m.setattr(attempts, "TOGETHER", 10**9)


EDGE_ATTACKS: tuple[PageAttack, ...] = (
    PageAttack(strip_the_lock, enter, _by_header, is_tls=True),
    PageAttack(plant_cookie_from_a_sister_name, show_the_own_cookie, _no_prefix, is_tls=True),
    PageAttack(send_a_form_in_the_open, enter, no_fence, is_tls=True),
    PageAttack(come_past_the_edge, read_the_first_page, no_fence, is_tls=True),
    PageAttack(shut_everybody_out, enter, _by_address, is_tls=True),
    PageAttack(guess_without_end, enter, _no_sum, is_tls=True),
)
