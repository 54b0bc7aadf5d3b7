"""Changes that tenants ask for become declared keys only by the owner's word or within the cap."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from llmplat.apply.key_changes import Desk
from llmplat.apply.key_requests import approve, approve_within_cap, pending, reject
from llmplat.domain.errors import GatewayError, InputError
from llmplat.domain.key_change import KeyChange
from llmplat.spec.keys import Key, KeysFile, dump_keys, parse_keys
from llmplat.spec.load import default_platform
from llmplat.spec.tenant import App, SelfService, Tenant
from tests.fakes.key_gate import FakeKeyGate
from tests.fakes.keys_store import FakeKeysStore

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
DAY_S = 86_400


class FakeChangeBook:
    """A list of wishes (a ChangeBook); `is_down` fails every settlement."""

    def __init__(self, *waiting: KeyChange) -> None:
        self.waiting = list(waiting)
        self.settled: list[tuple[str, str, str]] = []
        self.is_down = False

    def open(self) -> list[KeyChange]:
        return list(self.waiting)

    def settle(self, change_id: str, state: str, why: str) -> None:
        if self.is_down:
            raise GatewayError("away")
        self.settled.append((change_id, state, why))
        self.waiting = [one for one in self.waiting if one.id != change_id]


def _change(**more: Any) -> KeyChange:
    plain = KeyChange("c-1", "create", "red", "web", "", "k-new", "a" * 64, DAY_S, 0, "k-old", 1)
    return dataclasses.replace(plain, **more)


def _key(key_id: str = "k-old", sha: str = "b", **more: Any) -> Key:
    made = NOW - timedelta(days=9)
    return Key(id=key_id, tenant="red", app="web", sha256=sha * 64, created=made, **more)


def _desk(*keys: Key, cap: SelfService | None = None, now: datetime = NOW) -> Desk:
    red = Tenant(name="red", apps=(App(name="web"), App(name="night")), self_service=cap)
    blue = Tenant(name="blue", apps=(App(name="web"),))
    platform = default_platform().platform.model_copy(update={"tenants": (red, blue)})
    store = FakeKeysStore(dump_keys(KeysFile(keys=keys)))
    return Desk(store, FakeKeyGate(), platform, "keys.yaml", now, lambda _: {"tenants": {}})


def _kept(desk: Desk) -> dict[str, Key]:
    return {key.id: key for key in parse_keys(desk.store.read() or "", "keys.yaml").keys}


CAP = SelfService.model_construct(keys=2, lifetime_s=30.0 * DAY_S)


def test_without_a_cap_nothing_is_taken_but_revocations():
    desk = _desk(_key())
    book = FakeChangeBook(
        _change(), _change(id="c-2", act="revoke", key="k-old", made="", sha256="")
    )
    report = approve_within_cap(desk, book)
    assert [one.id for one in report.changes] == ["c-2"]
    assert [one.barrier for one in report.left] == ["tenant red has no selfService"]
    assert _kept(desk)["k-old"].revoked == NOW
    assert "k-new" not in _kept(desk)


def test_within_the_cap_the_key_is_declared_with_its_end():
    desk, book = _desk(_key(), cap=CAP), FakeChangeBook(_change())
    approve_within_cap(desk, book)
    made = _kept(desk)["k-new"]
    assert (made.sha256, made.expires) == ("a" * 64, NOW + timedelta(days=1))
    assert book.settled == [("c-1", "approved", "")]


@pytest.mark.parametrize(
    ("more", "keys", "why"),
    [
        ({"lifetime_s": 0}, 1, "longer"),
        ({"lifetime_s": 31 * DAY_S}, 1, "longer"),
        ({}, 2, "2 of 2 keys"),
        ({"by": "k-nobody"}, 1, "no longer good"),
        ({"tenant": "blue"}, 1, "no selfService"),
    ],
)
def test_beyond_the_cap_it_waits_and_says_why(more, keys, why):
    held = [_key(f"k-{n}", "cdef"[n]) for n in range(keys - 1)]
    desk, book = _desk(_key(), *held, cap=CAP), FakeChangeBook(_change(**more))
    (left,) = approve_within_cap(desk, book).left
    assert why in (left.barrier or "")
    assert book.settled == []
    assert "k-new" not in _kept(desk)


def test_what_a_key_asked_for_before_it_was_revoked_waits_for_the_owner():
    """A leaked key may have asked for its successor."""
    desk, book = _desk(_key(revoked=NOW), cap=CAP), FakeChangeBook(_change())
    assert approve_within_cap(desk, book).changes == ()


def test_the_cap_counts_what_this_very_run_has_made():
    book = FakeChangeBook(
        *(_change(id=f"c-{n}", made=f"k-n{n}", sha256=f"{n}" * 64) for n in range(4))
    )
    desk = _desk(_key(), cap=CAP)
    report = approve_within_cap(desk, book)
    assert (len(report.changes), len(report.left)) == (1, 3)


def test_rotation_ends_that_key_alone_and_is_bounded():
    wishes = [
        _change(id=f"c-{n}", act="rotate", key="k-old", made=f"k-n{n}", sha256=f"{n}" * 64, overlap_s=3600)
        for n in range(6)
    ]  # fmt: skip
    desk = _desk(_key(), _key("k-other", "c"), cap=CAP)
    report = approve_within_cap(desk, FakeChangeBook(*wishes))
    assert len(report.changes) == 2
    kept = _kept(desk)
    assert kept["k-old"].expires == NOW + timedelta(hours=1)
    assert kept["k-other"].expires is None


def test_the_owner_s_word_goes_beyond_the_cap():
    desk, book = _desk(_key()), FakeChangeBook(_change(lifetime_s=0))
    approve(desk, book, ["c-1"])
    assert _kept(desk)["k-new"].expires is None


@pytest.mark.parametrize(
    "more",
    [
        {"tenant": "nobody"},
        {"app": "nothing"},
        {"tenant": "platform", "app": "system"},
        {"sha256": "b" * 64},
        {"act": "revoke", "key": "k-blue"},
        {"act": "rotate", "key": "k-blue"},
        {"act": "rotate", "key": "k-old", "app": "night"},
    ],
)
def test_even_the_owner_declares_nothing_that_is_not_the_asker_s(more):
    theirs = Key(id="k-blue", tenant="blue", app="web", sha256="f" * 64, created=NOW)
    desk, book = _desk(_key(), theirs), FakeChangeBook(_change(**more))
    before = desk.store.read()
    with pytest.raises(InputError):
        approve(desk, book, ["c-1"])
    assert desk.store.read() == before
    assert book.settled == []


def test_killed_between_file_and_word_it_is_done_once():
    desk, book = _desk(_key(), cap=CAP), FakeChangeBook(_change())
    book.is_down = True
    with pytest.raises(GatewayError):
        approve_within_cap(desk, book)
    book.is_down = False
    approve_within_cap(desk, book)
    assert list(_kept(desk)) == ["k-old", "k-new"]
    assert book.settled == [("c-1", "approved", "")]


def test_pending_says_what_each_waits_for():
    desk = _desk(_key(), cap=CAP)
    told = pending(desk, FakeChangeBook(_change(), _change(id="c-2", lifetime_s=0)))
    assert [one.barrier for one in told.changes] == [None, "it would live longer than 30 days"]


def test_a_rejection_carries_its_reason_and_unknown_ones_are_named():
    book = FakeChangeBook(_change())
    with pytest.raises(InputError, match="c-9"):
        reject(book, ["c-9"], "")
    reject(book, ["c-1"], "not this year")
    assert book.settled == [("c-1", "rejected", "not this year")]


def test_the_gateway_is_handed_the_new_hashes():
    desk, book = _desk(_key(), cap=CAP), FakeChangeBook(_change())
    assert approve_within_cap(desk, book).at_gateway
    gate = desk.gate
    assert isinstance(gate, FakeKeyGate)
    assert "a" * 64 in gate.files["keys.json"]


def test_one_that_cannot_be_made_does_not_hold_up_the_others():
    book = FakeChangeBook(_change(act="revoke", key="k-gone"), _change(id="c-2"))
    desk = _desk(_key(), cap=CAP)
    report = approve_within_cap(desk, book)
    assert [one.id for one in report.changes] == ["c-2"]
    assert [one.change.id for one in report.left] == ["c-1"]
