"""Attempts against the API server: only an attack refused by a control, beside a twin that passes, counts as held."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from llmplat.domain.ports import HttpAnswer
from llmplat.observe.cluster_attacks import try_attacks
from tests.fakes.cluster import FakeCluster
from tests.fakes.cluster_platform import plan_with

PLAN = plan_with(name="cluster-two-teams", profile="serving")
BY_POLICY = "ValidatingAdmissionPolicy 'llmplat' denied request"


class Admission(FakeCluster):
    """Takes or refuses pods as it is told, and remembers them."""

    def __init__(self, judge: Callable[[dict[str, Any]], str | None]) -> None:
        super().__init__()
        self.judge = judge
        self.pods: list[str] = []

    def ask(self, method: str, path: str, **rest: Any) -> HttpAnswer:
        assert (method, path.endswith("/pods?dryRun=All")) == ("POST", True)
        self.pods.append(rest["body"].decode())
        why = self.judge(json.loads(rest["body"]))
        if why is None:
            return HttpAnswer(201, {}, b"{}")
        return HttpAnswer(403, {}, json.dumps({"message": why}).encode())


def is_plain(pod: dict[str, Any]) -> bool:
    spec = pod["spec"]
    container = spec["containers"][0]
    bad = {"hostNetwork", "volumes", "priorityClassName"} & set(spec)
    has_gpu = "nvidia.com/gpu" in container["resources"]["limits"]
    is_tag = "@sha256:" not in container["image"]
    return not (bad or has_gpu or is_tag or container["securityContext"].get("privileged"))


def verdicts(judge: Callable[[dict[str, Any]], str | None]) -> Counter[bool | None]:
    return Counter(held for _, _, held, _ in try_attacks(Admission(judge), PLAN))


def test_attacks_that_a_control_refuses_are_held() -> None:
    assert set(verdicts(lambda pod: None if is_plain(pod) else BY_POLICY)) == {True}


def test_attacks_that_are_taken_are_not() -> None:
    assert set(verdicts(lambda _: None)) == {False}


def test_what_refuses_everything_proves_nothing() -> None:
    assert set(verdicts(lambda _: BY_POLICY)) == {None}


def test_refused_for_another_reason_proves_nothing() -> None:
    assert set(verdicts(lambda pod: None if is_plain(pod) else "quota exceeded")) == {None}


def test_a_twin_is_asked_once_for_each_namespace() -> None:
    cluster = Admission(lambda pod: None if is_plain(pod) else BY_POLICY)
    assert len(list(try_attacks(cluster, PLAN))) > 7
    assert set(Counter(cluster.pods).values()) == {1}
    twins = [it["metadata"]["namespace"] for it in map(json.loads, cluster.pods) if is_plain(it)]
    assert len(twins) == len(set(twins))


def test_who_may_not_impersonate_tries_nothing() -> None:
    cluster = Admission(lambda _: None)
    cluster.denied = {("impersonate", "", "users")}
    assert [held for _, _, held, _ in try_attacks(cluster, PLAN)] == [None]
    assert not cluster.pods
