"""What Argo CD follows is fixed.

A branch, a range or a moving tag changes the cluster without a change that anybody reviewed, and
waves do not run again, because the Application itself did not change.
"""

import re
from collections.abc import Iterator
from typing import Any

from llmplat.validate.faults import Path
from llmplat.validate.objects import Object, Objects, sources_of
from llmplat.validate.smell import Smell

_VERSION = re.compile(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?")
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HASHED_PATH = re.compile(r"-[0-9a-f]{12}$")


def find(objects: Objects) -> Iterator[Smell]:
    """Sources whose revision can mean something else tomorrow."""
    for one in objects.applications:
        for path, source in sources_of(one):
            if not isinstance(source.get("ref"), str):
                yield from _judge(one, path, source)


def _judge(one: Object, path: Path, source: dict[str, Any]) -> Iterator[Smell]:
    revision = str(source.get("targetRevision") or "HEAD")
    place = (*path, "targetRevision")
    is_oci = str(source.get("repoURL", "")).startswith("oci://")
    if _DIGEST.fullmatch(revision):
        return
    if is_oci or source.get("chart"):
        if not _VERSION.fullmatch(revision):
            yield Smell(one, place, f"{revision} is no fixed version", "name a version or digest")
        elif is_oci:
            what = f"{revision} is a tag, which can be moved"
            yield Smell(one, place, what, "name the digest: sha256:...", is_mild=True)
        return
    if not _is_fixed_in_git(one, source, revision):
        what = f"{revision} of {source.get('repoURL')} moves"
        yield Smell(one, place, what, "name a commit, or a folder that carries its content's hash")


def _is_fixed_in_git(one: Object, source: dict[str, Any], revision: str) -> bool:
    if _COMMIT.fullmatch(revision) or _VERSION.fullmatch(revision):
        return True
    if revision == "HEAD":
        return False
    # The root must follow a branch: it is what commits arrive through. It makes only Applications.
    destination = one.get("spec", "destination", "namespace")
    is_root = bool(one.namespace) and destination == one.namespace
    return is_root or bool(_HASHED_PATH.search(str(source.get("path", ""))))
