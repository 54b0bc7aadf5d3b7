"""A folder that a hub's tools downloaded -> what they noted: repository, commit, hashes of files.

Nothing here is checked: whoever may write the folder may write the notes. Layouts as of
huggingface_hub 1.0 (cache: models--org--name/snapshots/<commit>/file -> ../../blobs/<etag>;
`hf download --local-dir`: .cache/huggingface/download/<file>.metadata with commit, etag, time).
The etag of a large file is its sha256.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_SNAPSHOT = re.compile(
    r"models--(?P<org>[^/]+?)--(?P<name>[^/]+)/snapshots/(?P<commit>[0-9a-f]{40})"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubClaims:
    """What is noted of a folder; all of it may be missing."""

    source: str | None
    """hf://org/name."""
    revision: str | None
    sha256: Mapping[str, str]
    """By path."""


def read_claims(root: Path, paths: Iterable[str]) -> HubClaims:
    """What the hub's tools noted of the files `paths` under `root`."""
    found = _SNAPSHOT.search(root.absolute().as_posix())
    if found:
        links = {path: _blob_name(root / path) for path in paths}
        known = {path: name for path, name in links.items() if name is not None}
        return HubClaims(f"hf://{found['org']}/{found['name']}", found["commit"], known)
    notes = {path: _note(root, path) for path in paths}
    commits = {note[0] for note in notes.values() if note is not None}
    hashes = {path: note[1] for path, note in notes.items() if note and _SHA256.fullmatch(note[1])}
    return HubClaims(None, commits.pop() if len(commits) == 1 else None, hashes)


def _blob_name(path: Path) -> str | None:
    if not path.is_symlink():
        return None
    name = path.resolve().name
    return name if _SHA256.fullmatch(name) else None


def _note(root: Path, path: str) -> tuple[str, str] | None:
    file = root / ".cache" / "huggingface" / "download" / f"{path}.metadata"
    try:
        commit, etag, _time = file.read_text("utf-8").split()
        noted_at = file.stat().st_mtime
        is_older = (root / path).stat().st_mtime > noted_at + 1
    except (OSError, ValueError):
        return None
    return (commit, etag.strip('"')) if _COMMIT.fullmatch(commit) and not is_older else None
