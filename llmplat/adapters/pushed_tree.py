"""What was last pushed -> its files again: pulled from the registry by digest, or read from a commit."""

import hashlib
import io
import os
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from llmplat.adapters.oci_registry import open_registry
from llmplat.domain.errors import InputError, PreconditionError
from llmplat.domain.manifest import Manifest
from llmplat.domain.oci import Digest, Reference
from llmplat.domain.registry import Registry

_LARGEST_BYTES = 256 * 1024 * 1024
"""Of one artifact: manifests of thousands of models are far below."""
_WITHIN_S = 300.0
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def pull_tree(url: str, root: str, cache: Path, env: Mapping[str, str]) -> tuple[Manifest, ...]:
    """The files of the tree whose root artifact has the digest `root`, but for root.yaml.

    `url` is oci://registry/repository. Raises RegistryError, InputError for an artifact that is
    gone or not ours, DownloadError.
    """
    repository = url.removeprefix("oci://")
    registry = open_registry(Reference.parse(f"{repository}:root"), cache, dict(env))
    below = tuple(Manifest(f"root/{it.path}", it.content) for it in _files(registry, root))
    return (*below, *_children(registry, url, below))


def _children(registry: Registry, url: str, below: tuple[Manifest, ...]) -> Iterator[Manifest]:
    for file in below:
        if not file.path.startswith("root/applications/"):
            continue
        application: dict[str, Any] = yaml.load(file.content, Loader=_Loader)  # noqa: S506 (a safe loader)
        source = application["spec"]["source"]
        if source["repoURL"] == url and "helm" not in source:
            name = application["metadata"]["name"]
            for it in _files(registry, source["targetRevision"]):
                yield Manifest(f"apps/{name}/{it.path}", it.content)


def _files(registry: Registry, digest: str) -> Iterator[Manifest]:
    """Of one artifact: what we push is one layer, a tar."""
    manifest = registry.find_manifest(digest)
    layers = manifest.document.get("layers", []) if manifest is not None else []
    if len(layers) != 1 or layers[0]["size"] > _LARGEST_BYTES:
        raise InputError(
            f"{registry.name} does not hold the artifact {digest} as llmplat pushed it.",
            "it was removed, or something else has its place",
            ("llmplat up    # pushes it again", "llmplat diff --tree DIR"),
        )
    layer = Digest.parse(layers[0]["digest"])
    content = b"".join(registry.stream_blob(layer))
    if Digest.of(content) != layer:
        raise InputError(
            f"{registry.name} gave other bytes than {layer}.",
            "what came does not have the digest that was asked for",
            ("llmplat diff --tree", "ask who looks after the registry"),
        )
    yield from _untar(content, "r:gz")


def read_commit(url: str, path: str, commit: str, cache: Path) -> tuple[Manifest, ...]:
    """The files of the tree in `path` of a git repository at `commit`.

    Raises PreconditionError when git is missing, or the commit cannot be fetched.
    """
    work = cache / "git" / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}-read"
    work.mkdir(parents=True, exist_ok=True)
    _git(work, "init", "-q", "--bare")
    if _ask_git(work, "cat-file", "-e", f"{commit}^{{commit}}").returncode != 0:
        _git(work, "fetch", "-q", url, "+refs/heads/*:refs/heads/*")
    archive = _git(work, "archive", "--format=tar", commit, "--", path)
    folder = "" if path == "." else f"{path}/"
    return tuple(Manifest(it.path.removeprefix(folder), it.content) for it in _untar(archive, "r:"))


def _untar(content: bytes, mode: Any) -> Iterator[Manifest]:  # noqa: ANN401 (tarfile wants a literal)
    with tarfile.open(fileobj=io.BytesIO(content), mode=mode) as archive:
        for member in archive:
            read = archive.extractfile(member) if member.isfile() else None
            if read is not None:
                yield Manifest(member.name, read.read().decode("utf-8"))


def _git(work: Path, *words: str) -> bytes:
    done = _ask_git(work, *words)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-3:]
        raise PreconditionError(
            f"git {words[0]} failed.",
            " | ".join(said) or "git gave no reason",
            ("check that you may read the repository", "llmplat diff --tree DIR"),
        )
    return done.stdout


def _ask_git(work: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(work), *words]
    try:
        return subprocess.run(command, env=env, capture_output=True, timeout=_WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PreconditionError(
            f"git {words[0]} could not be run.", str(error), ("apt-get install git",)
        ) from error
