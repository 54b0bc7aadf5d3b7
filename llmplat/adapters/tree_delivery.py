"""A rendered tree -> where Argo CD finds it: artifacts in a registry, or a commit in a git repository."""

from collections.abc import Mapping
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
    sent = [_push(registry, artifact, progress) for artifact in tree.artifacts]
    root = tree.artifacts[-1]
    return Delivered(str(root.digest), sum(sent), len(sent) - sum(sent))


def _push(registry: Registry, artifact: Artifact, progress: Progress) -> bool:
    """False when it was there. Its tag keeps a registry from clearing away what is followed."""
    if registry.find_digest(artifact.name) == artifact.digest:
        return False
    is_new = registry.find_digest(str(artifact.digest)) is None
    blobs = [Blob("config", EMPTY, (CONFIG,)), Blob(artifact.name, LAYER, (artifact.layer,))]
    registry.push_blobs(blobs, progress)
    registry.push_manifest(artifact.manifest, artifact.name)
    return is_new
