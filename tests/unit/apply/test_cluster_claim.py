"""Only one run at a time works on a cluster, and a dead one's claim is taken over."""

import time

import pytest

from llmplat.apply import cluster_claim
from llmplat.apply.cluster_claim import LEASE, Claimant, claim, holder_of
from llmplat.domain.errors import BusyError
from tests.fakes.cluster import FakeCluster


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_claim, "_LOOK_EVERY_S", 0.02)


def leave_behind(cluster: FakeCluster, name: str) -> None:
    """A claim whose holder was killed: nobody releases it."""
    with claim(cluster, "p", "up", Claimant(name)):
        left = dict(cluster.objects[LEASE])
    cluster.objects[LEASE] = left


def test_a_claim_is_held_and_let_go() -> None:
    cluster = FakeCluster()
    with claim(cluster, "p", "up", Claimant("a/1/0")):
        assert "up by a" in (holder_of(cluster) or "")
    assert holder_of(cluster) is None
    with claim(cluster, "p", "down", Claimant("b/2/0")):
        pass


def test_a_second_run_is_refused_while_the_first_renews(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_claim, "_RENEW_EVERY_S", 0.05)
    cluster = FakeCluster()
    with (
        claim(cluster, "p", "up", Claimant("a/1/0", for_s=300)),
        pytest.raises(BusyError, match="up"),
        claim(cluster, "p", "up", Claimant("b/2/0", for_s=300)),
    ):
        pytest.fail("both hold it")


def test_a_dead_holder_of_this_machine_is_followed_at_once() -> None:
    cluster = FakeCluster()
    leave_behind(cluster, "a/1/0")
    began = time.monotonic()
    who = Claimant("a/2/0", is_gone=lambda name: name == "a/1/0", for_s=300)
    with claim(cluster, "p", "up", who):
        assert time.monotonic() - began < 100
        assert cluster.objects[LEASE]["spec"]["holderIdentity"] == "a/2/0"


def test_a_dead_holder_of_another_machine_is_waited_for() -> None:
    cluster = FakeCluster()
    leave_behind(cluster, "elsewhere/1/0")
    began = time.monotonic()
    with claim(cluster, "p", "up", Claimant("a/2/0", for_s=1)):
        assert time.monotonic() - began >= 1


def test_two_successors_do_not_both_take_over() -> None:
    """Between our look and our write another one took it: the API server's version tells."""
    cluster = FakeCluster()
    leave_behind(cluster, "a/1/0")

    def steal(verb: str, ref: object) -> None:
        if verb == "replace" and ref == LEASE:
            cluster.before = lambda verb, ref: None
            cluster.put({**cluster.objects[LEASE], "spec": {"holderIdentity": "thief/3/0"}})

    cluster.before = steal
    with (
        pytest.raises(BusyError, match=r"thief|Another"),
        claim(cluster, "p", "up", Claimant("a/2/0", is_gone=lambda _: True)),
    ):
        pytest.fail("it was the thief's")


def test_a_run_that_lost_its_claim_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_claim, "_RENEW_EVERY_S", 0.02)
    cluster = FakeCluster()
    with claim(cluster, "p", "up", Claimant("a/1/0")) as held:
        held.check()
        cluster.put({**cluster.objects[LEASE], "spec": {"holderIdentity": "thief/3/0"}})
        end = time.monotonic() + 120
        while not held.is_lost and time.monotonic() < end:
            time.sleep(0.01)
        with pytest.raises(BusyError, match="lost"):
            held.check()
    assert cluster.objects[LEASE]["spec"]["holderIdentity"] == "thief/3/0"
