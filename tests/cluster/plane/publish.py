"""A rendered tree -> what Argo CD follows: pushed as OCI artifacts, or committed to a git repository."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from llmplat.adapters.oci_registry import open_registry
from llmplat.domain.manifest import Manifest as File
from llmplat.domain.oci import EMPTY, Digest, Reference
from llmplat.domain.registry import Blob
from llmplat.render.argocd import CONTENT_HASH, hash_of
from llmplat.render.artifact import CONFIG, LAYER, Artifact, make_artifact
from llmplat.render.tree import Tree
from tests.cluster.plane.client import Object
from tests.cluster.plane.stand_ins import Mirror
from tests.fakes.recording_progress import RecordingProgress


def mirrored(tree: Tree, mirror: Mirror) -> tuple[list[Object], list[File]]:
    """(root.yaml's objects, the root's files) with charts taken from `mirror`; nothing else changed."""
    files = {f.path: _load(f.content) for f in tree.files if f.path.startswith("root/")}
    moved: dict[str, str] = {}
    for things in files.values():
        for thing in things:
            if thing["kind"] == "Application" and "source" in thing["spec"]:
                _move(thing, mirror, moved)
    for things in files.values():
        for thing in things:
            if thing["kind"] == "AppProject":
                repos = thing["spec"]["sourceRepos"]
                thing["spec"]["sourceRepos"] = [moved.get(one, one) for one in repos]
    root = files.pop("root/root.yaml")
    return root, [File(path.removeprefix("root/"), _dump(it)) for path, it in files.items()]


def push_tree(tree: Tree, mirror: Mirror, cache: Path) -> list[Object]:
    """Push every artifact of `tree` by our registry port; the objects that start the platform."""
    root, below = mirrored(tree, mirror)
    project, application = root
    repository = application["spec"]["source"]["repoURL"].removeprefix("oci://")
    for artifact in tree.artifacts:
        if artifact.name != "root":
            assert push_artifact(repository, artifact, cache) == artifact.digest
    artifact = make_artifact("root", below)
    push_artifact(repository, artifact, cache)
    application["spec"]["source"]["targetRevision"] = str(artifact.digest)
    return [project, application]


def push_artifact(repository: str, artifact: Artifact, cache: Path) -> Digest:
    """Push one artifact; the digest the registry has it under."""
    registry = open_registry(Reference.parse(f"{repository}:x"), cache, {})
    registry.push_blobs(
        [Blob("config", EMPTY, (CONFIG,)), Blob("tree", LAYER, (artifact.layer,))],
        RecordingProgress(),
    )
    return registry.push_manifest(artifact.manifest).digest


def commit_tree(tree: Tree, mirror: Mirror, repository: Path) -> list[Object]:
    """Commit `tree` to the bare git `repository` where its root says; the objects that start it."""
    root, below = mirrored(tree, mirror)
    project, application = root
    source: dict[str, Any] = application["spec"]["source"]
    folder = source["path"].removesuffix("root").strip("/")
    files = {f.path: f.content for f in tree.files if f.path.startswith("apps/")}
    files |= {f"root/{file.path}": file.content for file in below}
    _commit(repository, {f"{folder}/{path}".strip("/"): text for path, text in files.items()})
    return [project, application]


def make_git(repository: Path) -> None:
    """An empty bare repository whose branch is main."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(repository)], check=True)


def _commit(repository: Path, files: Mapping[str, str]) -> None:
    work = repository.with_suffix(".work")
    git = ["git", "-C", str(work), "-c", "user.name=test", "-c", "user.email=test@example.com"]
    if not work.exists():
        subprocess.run(["git", "clone", "-q", str(repository), str(work)], check=True)
    subprocess.run([*git, "rm", "-rqf", "--ignore-unmatch", "."], check=True)
    for path, text in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(text)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "Render"], check=True)
    subprocess.run([*git, "push", "-q", "origin", "HEAD:main"], check=True)


def _move(application: Object, mirror: Mirror, moved: dict[str, str]) -> None:
    source = mirror.source_of(application)
    if source is not None:
        moved[application["spec"]["source"]["repoURL"]] = source["repoURL"]
        application["spec"]["source"] = source
        application["metadata"]["annotations"][CONTENT_HASH] = hash_of(source)


def _load(text: str) -> list[Object]:
    return [thing for thing in yaml.load_all(text, Loader=yaml.CSafeLoader) if thing]


def _dump(things: list[Object]) -> str:
    return yaml.dump_all(things, Dumper=yaml.CSafeDumper, sort_keys=False)
