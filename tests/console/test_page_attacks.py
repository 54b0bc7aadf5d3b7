"""Each attempt on the console's pages fails, its twin works, and without the control it would not fail."""

import pytest
from edge_attacks import EDGE_ATTACKS
from page_attacks import ATTACKS, BLUE, ORIGIN, RED, Site, post, sign_in, token_of

from llmplat.console.forms import LIFETIMES_DAYS
from llmplat.console.gateway import GatewayError

_ALL = (*ATTACKS, *EDGE_ATTACKS)
_BY_NAME = {attack.name: attack for attack in _ALL}


def test_there_are_enough_and_each_is_named_once():
    assert len(_BY_NAME) == len(_ALL) >= 15


@pytest.mark.parametrize("name", _BY_NAME)
def test_the_attempt_fails_and_its_twin_works(name):
    attack = _BY_NAME[name]
    assert not attack.attempt(attack.site())
    assert attack.twin(attack.site())


@pytest.mark.parametrize("name", [a.name for a in _ALL if a.control is not None])
def test_without_its_control_the_attempt_succeeds(name, monkeypatch):
    attack = _BY_NAME[name]
    assert attack.control is not None
    attack.control(monkeypatch)
    assert attack.attempt(attack.site())


def test_the_cookie_is_no_script_s_and_no_other_site_s():
    cookie = sign_in(Site().browser(), RED).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "sk-llmplat" not in cookie


@pytest.mark.parametrize("path", ["/sign-in", "/models", "/tenants/red", "/nothing", "/console.js"])
def test_every_answer_forbids_foreign_and_inline_code(path):
    answer = Site().browser(RED).get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers


@pytest.mark.parametrize("path", ["/sign-in", "/models", "/tenants/red", "/tenants/red/new-key"])
def test_no_page_is_kept_by_browser_or_proxy(path):
    assert Site().browser(RED).get(path).headers["cache-control"] == "no-store"


def test_no_page_after_sign_in_holds_the_key():
    site = Site()
    red = site.browser(RED)
    for path in ("/models", "/tenants/red", "/tenants/red/new-key", "/nothing"):
        assert RED not in red.get(path).text


def test_other_tenants_and_no_tenants_look_the_same():
    red = Site().browser(RED)
    there, nowhere = red.get("/tenants/blue"), red.get("/tenants/nobody")
    assert (there.status_code, there.text) == (nowhere.status_code, nowhere.text)


def test_the_gateway_learns_the_hash_and_never_the_key():
    import hashlib
    import re

    site = Site()
    red = site.browser(RED)
    post(red, "/tenants/red/keys", token_of(red))
    shown = re.search(r'value="(sk-llmplat-[^"]+)"', red.get("/tenants/red/new-key").text)
    assert shown is not None
    (_, wish), *_ = site.gateway.sent
    assert wish["sha256"] == hashlib.sha256(shown[1].encode()).hexdigest()
    assert shown[1] not in str(site.gateway.sent)


def test_a_gateway_that_is_away_is_said_and_counts_as_no_failed_sign_in():
    site = Site()
    site.gateway.fault = GatewayError(0, "unreachable", "")
    client = site.browser()
    for _ in range(10):
        answer = sign_in(client, RED)
    assert answer.status_code == 503
    assert "does not answer" in answer.text
    site.gateway.fault = None
    assert sign_in(client, RED).status_code == 303


def test_a_refusal_of_the_gateway_is_told_in_its_words():
    site = Site()
    red = site.browser(RED)
    token = token_of(red)
    site.gateway.fault = GatewayError(429, "changes_full", "Too many changes wait.")
    answer = post(red, "/tenants/red/keys", token)
    assert answer.status_code == 429
    assert "Too many changes wait." in answer.text


def test_two_tenants_in_two_browsers_see_their_own(tmp_path):
    site = Site()
    red, blue = site.browser(RED), site.browser(BLUE)
    assert "k-red" in red.get("/tenants/red").text
    assert "k-blue" in blue.get("/tenants/blue").text
    assert red.get("/", headers={"origin": ORIGIN}).headers["location"] == "/models"


@pytest.mark.parametrize("days", ["²", "9" * 3000, "-7", "7.0", ""])
def test_a_lifetime_that_was_not_offered_is_the_first_offered(days):
    site = Site()
    red = site.browser(RED)
    form = {"days": days, "token": token_of(red)}
    red.post("/tenants/red/keys", data=form, headers={"origin": ORIGIN})
    (wish,) = (wish for _, wish in site.gateway.sent if wish["act"] == "create")
    assert wish["lifetime_s"] == 86400 * LIFETIMES_DAYS[0]
