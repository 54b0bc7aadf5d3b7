"""Keys as values: targets, ends, revocation, what the gateway is told."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from llmplat.apply import key_changes
from llmplat.apply import keys as pure
from llmplat.apply.key_changes import Desk
from llmplat.domain.errors import InputError
from llmplat.spec.keys import KeysFile, parse_keys
from llmplat.spec.load import default_platform
from tests.fakes.key_gate import FakeKeyGate
from tests.fakes.keys_store import FakeKeysStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SYSTEM = "0" * 64


@pytest.fixture
def desk() -> Desk:
    platform = default_platform().platform

    def policy_of(platform):
        return {"tenants": {t.name: {"apps": [a.name for a in t.apps]} for t in platform.tenants}}

    return Desk(FakeKeysStore(), FakeKeyGate(), platform, "keys.yaml", NOW, policy_of)


def target(text: str = "demo/app") -> pure.Target:
    return pure.parse_target(text)


def published_ids(desk: Desk) -> list[str]:
    return [key["id"] for key in json.loads(desk.gate.files["keys.json"])["keys"]]


def test_a_new_key_reaches_file_and_gateway(desk: Desk) -> None:
    made = key_changes.create(desk, target(), 60, declares=False)
    keys = parse_keys(desk.store.text, "keys.yaml").keys
    assert [key.id for key in keys] == [made.id]
    assert keys[0].expires == NOW + timedelta(seconds=60)
    assert made.key not in desk.store.text + desk.gate.files["keys.json"]
    assert published_ids(desk) == ["system", made.id]
    assert made.at_gateway
    assert made.key not in repr(made)


def test_without_a_started_platform_only_the_file_is_written(desk: Desk) -> None:
    desk.gate.system = None
    assert not key_changes.create(desk, target(), None, declares=False).at_gateway
    assert desk.gate.told == []


def test_a_declared_tenant_reaches_the_policy_before_its_key(desk: Desk) -> None:
    desk.gate.files["policy.json"] = json.dumps({"tenants": {"demo": {"apps": ["other"]}}, "x": 1})
    key_changes.create(desk, target("fresh/web"), None, declares=True)
    assert desk.gate.told == ["policy.json", "keys.json"]
    policy = json.loads(desk.gate.files["policy.json"])
    assert policy == {
        "tenants": {"demo": {"apps": ["other"]}, "fresh": {"apps": ["web"]}},
        "x": 1,
    }


def test_revocation_denies_first_and_is_repeatable(desk: Desk) -> None:
    made = key_changes.create(desk, target(), None, declares=False)
    desk.gate.told.clear()
    report = key_changes.revoke(desk, made.id, is_dry_run=False)
    assert report.ids == (made.id,)
    assert desk.gate.told == [f"deny {made.id}", "keys.json"]
    assert published_ids(desk) == ["system"]
    again = key_changes.revoke(desk, made.id, is_dry_run=False)
    assert (again.ids, again.before) == ((), (made.id,))


def test_revocation_without_counters_still_takes_the_key_out(desk: Desk) -> None:
    made = key_changes.create(desk, target(), None, declares=False)
    desk.gate.is_up = False
    assert key_changes.revoke(desk, "demo/app", is_dry_run=False).at_gateway
    assert published_ids(desk) == ["system"]
    assert made.id in desk.store.text


def test_rotation_never_lengthens_a_life(desk: Desk) -> None:
    short = key_changes.create(desk, target(), 10, declares=False)
    long = key_changes.create(desk, target(), None, declares=False)
    key_changes.rotate(desk, target(), 3600)
    ends = {key.id: key.expires for key in parse_keys(desk.store.text, "k").keys}
    assert ends[short.id] == NOW + timedelta(seconds=10)
    assert ends[long.id] == NOW + timedelta(seconds=3600)


@pytest.mark.parametrize(
    ("expires_s", "revoked", "state"),
    [
        (None, False, "live"),
        (60, False, "ending"),
        (0, False, "expired"),
        (-60, False, "expired"),
        (60, True, "revoked"),
    ],
)
def test_states(expires_s, revoked, state) -> None:
    expires = None if expires_s is None else NOW + timedelta(seconds=expires_s)
    key = pure.make_key(target(), NOW, None).entry
    key = key.model_copy(update={"expires": expires, "revoked": NOW if revoked else None})
    assert pure.state_of(key, NOW) == state
    told = json.loads(pure.keys_document(KeysFile(keys=(key,)), SYSTEM, NOW))["keys"]
    assert len(told) == (2 if state in {"live", "ending"} else 1)


@pytest.mark.parametrize("text", ["demo", "/", "a/b/c", ""])
def test_targets_are_two_names(text: str) -> None:
    with pytest.raises(InputError):
        pure.parse_target(text)


def test_keys_differ() -> None:
    made = [pure.make_key(target(), NOW, None) for _ in range(50)]
    assert len({m.secret for m in made}) == len({m.entry.id for m in made}) == 50
