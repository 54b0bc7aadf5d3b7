"""A rendered tree -> where Argo CD finds it: artifacts in a registry, or a commit in a git repository."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from llmplat.adapters.git_repo import commit_tree
from llmplat.adapters.oci_registry import open_registry
from llmplat.apply.cluster_reports import Delivered
from llmplat.domain.oci import EMPTY, Reference
from llmplat.domain.ports import Progress
from llmplat.domain.registry import Blob, Registry
from llmplat.plan.plan import Plan
from llmplat.render.artifact import CONFIG, LAYER, Artifact
from llmplat.render.tree import Tree

_AT_ONCE = 8


def deliver(
    plan: Plan, tree: Tree, cache: Path, env: Mapping[str, str], progress: Progress
) -> Delivered:
    """Push or commit `tree` where the plan says; what is there already is not sent again.

    Raises RegistryError, PreconditionError.
    """
    assert plan.cluster is not None  # noqa: S101 (only called for clusters)
    gitops = plan.cluster.gitops
    if not gitops.is_oci:
        revision, changed = commit_tree(gitops, tree, cache, progress)
        return Delivered(revision, changed, len(tree.files) - changed)
    repository = gitops.url.removeprefix("oci://")
    registry = open_registry(Reference.parse(f"{repository}:root"), cache, dict(env))
    sent = push_artifacts(registry, tree.artifacts, progress)
    return Delivered(str(tree.artifacts[-1].digest), sent, len(tree.artifacts) - sent)


def push_artifacts(registry: Registry, artifacts: Sequence[Artifact], progress: Progress) -> int:
    """Have all of them there, the root last; how many were not.

    Each has a tag, which keeps a registry from clearing away what is followed.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        tagged = list(pool.map(registry.find_digest, [it.name for it in artifacts]))
        moved = [it for it, there in zip(artifacts, tagged, strict=True) if there != it.digest]
        kept = list(pool.map(registry.find_digest, [str(it.digest) for it in moved]))
    if moved:
        layers = [Blob(it.name, LAYER, (it.layer,)) for it in moved]
        registry.push_blobs([Blob("config", EMPTY, (CONFIG,)), *layers], progress)
    for artifact in moved:
        registry.push_manifest(artifact.manifest, artifact.name)
    return kept.count(None)
