"""What a tenant's key may ask of the real gateway about keys, and what it may not; twins beside each."""

import hashlib
import secrets

import pytest

pytestmark = [pytest.mark.enable_socket]


def _hash() -> str:
    return hashlib.sha256(secrets.token_bytes(8)).hexdigest()


def _new_key(world, tenant="red", app="web") -> tuple[str, str]:
    key = world.gateway.add_key(tenant, app, id=f"k-{secrets.token_hex(4)}")
    return key, world.gateway.keys[key]["id"]


def _ask(world, shown, **wish):
    return world.send("key-changes", shown, **wish)


def _records(world, cause):
    return [r for r in world.gateway.wait_stored() if r["cause"] == cause]


def test_a_wish_waits_and_makes_no_key_good(world):
    secret = f"sk-llmplat-{secrets.token_urlsafe(32)}"
    sha256 = hashlib.sha256(secret.encode()).hexdigest()
    told = _ask(world, world.red, act="create", sha256=sha256, lifetime_s=86400).json
    assert world.chat(secret) == 401
    (mine,) = [
        c for c in world.read("account", world.red).json["changes"] if c["id"] == told["change"]
    ]
    assert (mine["state"], mine["tenant"], mine["app"], mine["by"]) == (
        "open",
        "red",
        "web",
        "k-red00001",
    )


def test_own_key_is_revoked_at_once_and_it_is_in_the_record(world):
    key, key_id = _new_key(world)
    assert world.chat(key) == 200
    assert _ask(world, world.red, act="revoke", key=key_id).status == 200
    assert world.chat(key) == 401
    assert _ask(world, world.red, act="revoke", key=key_id).status == 200
    assert [r["backend"] for r in _records(world, "key_revoke_asked")].count(key_id) == 1


@pytest.mark.parametrize("act", ["revoke", "rotate"])
@pytest.mark.parametrize("whose", ["k-blue0001", "k-red00002", "system", "k-nobody"])
def test_keys_of_others_are_as_unknown_as_none(world, act, whose):
    more = {"sha256": _hash(), "lifetime_s": 60} if act == "rotate" else {}
    answer = _ask(world, world.red, act=act, key=whose, **more)
    assert (answer.status, answer.code) == (404, "not_found")
    assert world.chat(world.blue) == 200


def test_nobody_takes_over_a_key_by_its_hash(world):
    theirs = hashlib.sha256(world.blue.encode()).hexdigest()
    answer = _ask(world, world.red, act="create", sha256=theirs, lifetime_s=60)
    assert (answer.status, answer.code) == (409, "key_hash_taken")


def test_a_hash_that_waits_is_not_taken_twice(world):
    sha256 = _hash()
    assert _ask(world, world.blue, act="create", sha256=sha256, lifetime_s=60).status == 200
    assert _ask(world, world.red, act="create", sha256=sha256, lifetime_s=60).status == 409


@pytest.mark.parametrize(
    "smuggled",
    [{"tenant": "blue"}, {"app": "nightly"}, {"state": "approved"}, {"by": "system"}, {"made": "k-blue0001"}],
)  # fmt: skip
def test_no_field_says_for_whom(world, smuggled):
    answer = _ask(world, world.red, act="create", sha256=_hash(), lifetime_s=60, **smuggled)
    assert answer.status == 400


@pytest.mark.parametrize(
    "bad",
    [
        {"sha256": "x"}, {"sha256": "A" * 64}, {"sha256": None}, {"lifetime_s": -1},
        {"lifetime_s": 10**12}, {"lifetime_s": True}, {"lifetime_s": "7d"}, {"lifetime_s": 1.5},
    ],
)  # fmt: skip
def test_a_wish_that_is_no_wish_is_refused(world, bad):
    wish = {"act": "create", "sha256": _hash(), "lifetime_s": 60} | bad
    assert _ask(world, world.red, **wish).status == 400


def test_no_tenant_decides_for_itself_and_the_platform_does(world):
    change = _ask(world, world.red, act="create", sha256=_hash(), lifetime_s=60).json["change"]
    verdict = {"change": change, "state": "approved"}
    assert world.send("key-verdicts", world.red, **verdict).status == 403
    assert world.send("key-verdicts", world.system, **verdict).status == 200
    assert world.send("key-verdicts", world.system, **verdict).status == 200
    late = world.send("key-verdicts", world.system, change=change, state="rejected")
    assert (late.status, late.code) == (409, "change_settled")
    assert any(
        r["request_id"] == f"{change}-approved" for r in _records(world, "key_create_approved")
    )


def test_a_revocation_is_never_taken_back(world):
    key, key_id = _new_key(world)
    change = _ask(world, world.red, act="revoke", key=key_id).json["change"]
    rejected = world.send("key-verdicts", world.system, change=change, state="rejected")
    assert (rejected.status, rejected.code) == (409, "change_final")
    assert _ask(world, world.red, act="withdraw", change=change).status == 409
    assert world.chat(key) == 401


def test_others_changes_are_neither_seen_nor_withdrawn(world):
    change = _ask(world, world.blue, act="create", sha256=_hash(), lifetime_s=60).json["change"]
    assert _ask(world, world.red, act="create", sha256=_hash(), lifetime_s=60).status == 200
    assert all(c["tenant"] == "red" for c in world.read("key-changes", world.red).json["changes"])
    assert _ask(world, world.red, act="withdraw", change=change).status == 404
    assert _ask(world, world.blue, act="withdraw", change=change).status == 200
    everybody = {c["tenant"] for c in world.read("key-changes", world.system).json["changes"]}
    assert everybody == {"red", "blue"}


def test_the_platform_s_own_key_asks_for_none(world):
    answer = _ask(world, world.system, act="create", sha256=_hash(), lifetime_s=60)
    assert (answer.status, answer.code) == (403, "tenant_key_only")


def test_a_revoked_key_asks_for_nothing_and_reads_nothing(world):
    key, key_id = _new_key(world)
    _ask(world, world.red, act="revoke", key=key_id)
    assert _ask(world, key, act="create", sha256=_hash(), lifetime_s=60).status == 401
    assert {world.read(path, key).status for path in ("account", "catalog", "key-changes")} == {401}


@pytest.mark.parametrize("path", ["account", "catalog", "key-changes"])
def test_nobody_asks_for_another_tenant_by_query(world, path):
    assert world.read(f"{path}?tenant=blue", world.red).status == 400
    assert world.gateway.ask(f"{world.gateway_url}/llmplat/v1/{path}").status == 401


def test_an_account_holds_its_own_tenant_only(world):
    told = world.read("account", world.red)
    assert b"blue" not in told.body
    assert {key["id"] for key in told.json["keys"]} >= {"k-red00001", "k-red00002"}


def test_models_of_others_are_not_in_the_catalogue(world):
    red, blue = (
        {model["name"] for model in world.read("catalog", key).json["models"]}
        for key in (world.red, world.blue)
    )
    assert (red, blue) == ({"stub"}, {"stub", "vault"})


def test_too_many_wishes_wait_no_longer_than_twenty_but_revocations_are_taken(world):
    _, key_id = _new_key(world, "blue")
    codes = [
        _ask(world, world.blue, act="create", sha256=_hash(), lifetime_s=60).status
        for _ in range(25)
    ]
    assert codes[0] == 200
    assert codes[-1] == 429
    assert _ask(world, world.blue, act="revoke", key=key_id).status == 200
    for change in world.read("key-changes", world.blue).json["changes"]:
        if change["state"] == "open" and change["act"] != "revoke":
            _ask(world, world.blue, act="withdraw", change=change["id"])


def test_refusals_are_told_by_cause_and_spend_by_day(world):
    key, _ = _new_key(world, "red", "nightly")
    assert [world.chat(key), world.chat(key)] == [200, 429]
    world.gateway.wait_stored()

    def is_told() -> bool:
        told = world.read("account", world.red).json
        refused = {(r["app"], r["model"], r["cause"]) for r in told["refusals"]}
        spent = told["days"][-1]["nanousd"] if told["days"] else 0
        return ("nightly", "stub", "requests_per_minute") in refused and spent >= 2200

    world.gateway.wait_until(is_told)  # an answer is kept for two seconds
    told = world.read("account", world.red).json
    assert told["usage"]["budget"]["spentNanousd"] >= 2200


def test_no_attempt_of_verify_on_account_and_keys_succeeds(world):
    from urllib.parse import urlsplit

    from llmplat.adapters.raw_http import exchange
    from llmplat.observe.attacks import Prey, Who, judge
    from llmplat.observe.attacks_desk import desk_attacks

    port = urlsplit(world.gateway_url).port or 0
    keys = {Who.ALLOWED: world.red, Who.BARRED: world.red, Who.NOBODY: ""}
    prey = Prey("127.0.0.1", port, "stub", "default", keys)
    attacks = list(desk_attacks())
    assert len(attacks) >= 30
    for attack in attacks:
        data = attack.make(prey, keys[attack.who])
        assert judge(attack, prey, data, exchange(prey.host, port, data, 30)) is None, attack.name
    assert world.chat(world.red) == 200


def test_no_header_lends_a_stranger_another_address(world):
    """Uvicorn believes X-Forwarded-For of loopback unless it is told not to."""
    import urllib.parse

    def guess(n: int) -> int:
        body = urllib.parse.urlencode({"key": f"sk-llmplat-{n}"}).encode()
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "origin": world.url,
            "x-forwarded-for": f"203.0.113.{n}",
        }
        return world.gateway.ask(f"{world.url}/sign-in", body, headers=headers).status

    assert [guess(n) for n in range(8)] == [401] * 5 + [429] * 3


def test_of_a_cluster_they_are_read_through_the_api_server(world, monkeypatch, tmp_path):
    import base64
    from contextlib import contextmanager
    from pathlib import Path

    from llmplat.cli import wiring, wiring_cluster, wiring_gateway
    from llmplat.cli.run import new_run

    class Cluster:
        """A secret, and a way to the gateway."""

        def get(self, ref):
            assert ref.kind == "Secret"
            return {"data": {"value": base64.b64encode(world.system.encode()).decode()}}

        @contextmanager
        def forward(self, namespace, service, port):
            assert (namespace, service, port) == ("llm-gateway", "gateway", 80)
            yield world.gateway_url

    monkeypatch.setenv("LLMPLAT_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(wiring_cluster, "open_cluster", lambda *_: Cluster())
    run = new_run("keys")
    run.file = Path(__file__).parents[2] / "docs" / "examples" / "cluster-two-teams.yaml"
    told = _ask(world, world.red, act="create", sha256=_hash(), lifetime_s=60).json
    with wiring_gateway.change_book(run, wiring.open_platform(run)) as book:
        assert told["change"] in {one.id for one in book.open()}
        book.settle(told["change"], "rejected", "not here")
        assert told["change"] not in {one.id for one in book.open()}
