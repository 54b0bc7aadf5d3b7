"""Syncs of Argo CD: those that run for something older are ended, and no others."""

from typing import Any

import pytest

from llmplat.apply.gitops_syncs import end_older_syncs, is_older
from llmplat.domain.cluster import Object
from tests.fakes.argo_cluster import ARGO, thing
from tests.fakes.cluster import FakeCluster

NOW = {"repoURL": "oci://registry/platform", "targetRevision": "sha256:new", "path": "."}


def application(begun: dict[str, Any], phase: str = "Running", known: str = "b") -> Object:
    """One that wants NOW, of which Argo CD knows revision `known`, and where a sync of `begun` is."""
    state = {"phase": phase, "operation": {"sync": begun}}
    status = {"sync": {"revision": known}, "operationState": state}
    return thing(ARGO, "Application", "a", "argocd", spec={"source": NOW}, status=status)


OLDER = {
    "another source": application({"source": {**NOW, "targetRevision": "sha256:old"}}),
    "another commit of the same branch": application({"source": NOW, "revision": "a"}),
}
CURRENT = {
    "what is wanted": application({"source": NOW, "revision": "b"}),
    "begun without naming either": application({}),
    "older, and over": application({"revision": "a"}, phase="Succeeded"),
    "older, and being ended": application({"revision": "a"}, phase="Terminating"),
    "never synced": thing(ARGO, "Application", "a", "argocd", spec={"source": NOW}),
}


@pytest.mark.parametrize("name", OLDER)
def test_an_older_sync_is_ended(name: str) -> None:
    cluster = FakeCluster()
    cluster.put(OLDER[name])
    end_older_syncs(cluster, list(cluster.objects.values()))
    (found,) = cluster.objects.values()
    assert found["status"]["operationState"]["phase"] == "Terminating"


@pytest.mark.parametrize("name", CURRENT)
def test_any_other_is_left_alone(name: str) -> None:
    assert not is_older(CURRENT[name])
    cluster = FakeCluster()
    cluster.put(CURRENT[name])
    end_older_syncs(cluster, list(cluster.objects.values()))
    assert cluster.writes == []
