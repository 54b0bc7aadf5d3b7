"""A tree's artifacts: only what the registry lacks is sent, its root after all that it names."""

import pytest

from llmplat.adapters.tree_delivery import push_artifacts
from llmplat.domain.errors import RegistryError
from llmplat.domain.manifest import Manifest as File
from llmplat.domain.oci import Digest
from llmplat.render.artifact import Artifact, make_artifact
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.recording_progress import RecordingProgress


def artifact(name: str, text: str = "kind: ConfigMap\n") -> Artifact:
    return make_artifact(name, [File(f"{name}/one.yaml", text)])


def push(registry: MemoryRegistry, *artifacts: Artifact) -> int:
    return push_artifacts(registry, artifacts, RecordingProgress())


def test_only_what_is_not_there_is_sent() -> None:
    registry = MemoryRegistry()
    tree = [artifact(f"app-{number}") for number in range(20)]
    assert push(registry, *tree) == 20
    assert push(registry, *tree) == 0
    changed = artifact("app-7", "kind: Secret\n")
    assert push(registry, *tree[:7], changed, *tree[8:]) == 1
    assert registry.tags["app-7"] == changed.digest


def test_one_that_was_there_before_gets_its_tag_back_and_counts_as_kept() -> None:
    registry = MemoryRegistry()
    first, second = artifact("app"), artifact("app", "kind: Secret\n")
    push(registry, first)
    push(registry, second)
    assert push(registry, first) == 0
    assert registry.tags["app"] == first.digest


def test_the_root_is_tagged_last() -> None:
    registry = MemoryRegistry()
    push(registry, artifact("b"), artifact("a"), artifact("root"))
    assert list(registry.tags) == ["b", "a", "root"]


def test_a_registry_that_fails_when_asked_ends_it_before_anything_is_sent() -> None:
    class Down(MemoryRegistry):
        def find_digest(self, tag_or_digest: str) -> Digest | None:
            raise RegistryError("It does not answer.", why="it is down")

    registry = Down()
    with pytest.raises(RegistryError, match="does not answer"):
        push(registry, artifact("app"))
    assert not registry.blobs
