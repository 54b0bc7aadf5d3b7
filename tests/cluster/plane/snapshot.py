"""Keeps the state of a control plane whose CRDs are established, so that the next one starts in seconds.

The API server needs a second of two cores for every few CRDs. What it has made of them stands in
etcd; its data folder is kept outside the checkout under a hash of the programs and the CRDs.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.plane.client import Object

KEPT = 8
"""States that stay; the one unused for longest goes first."""
_FORM = "1"
"""Changes when what is kept beside the CRDs changes."""


def key_of(programs: Iterable[Path], crds: Iterable[Object]) -> str:
    """What decides a state: the folders of the programs (named by a hash of theirs) and the CRDs."""
    parts = [_FORM, *sorted({program.parent.name for program in programs})]
    parts += sorted(json.dumps(thing, sort_keys=True) for thing in crds)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def restore(key: str, target: Path, make: Callable[[Path], Path]) -> bool:
    """Copy the state `key` to `target`; whether it was there already.

    Where it is not, `make(folder)` makes it in an empty folder and says where etcd's data lies. One
    test run makes it while others wait for it; OSError and what `make` raises are passed on.
    """
    store = _store()
    saved = store / key
    with _locked(store / ".lock"):
        was_there = saved.is_dir()
        if not was_there:
            with tempfile.TemporaryDirectory(prefix=".making-", dir=store) as work:
                make(Path(work)).rename(saved)
        os.utime(saved)
        shutil.copytree(saved, target)
        target.chmod(0o700)  # etcd wants its folder for itself
        _forget(store)
    return was_there


def _store() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    store = cache / "llmplat-test-tools" / "cluster-states"
    store.mkdir(parents=True, exist_ok=True)
    return store


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _forget(store: Path) -> None:
    """Remove states beyond KEPT, and what a run that was killed left half made."""
    saved = [it for it in store.iterdir() if it.is_dir() and not it.name.startswith(".")]
    old = sorted(saved, key=lambda it: it.stat().st_mtime, reverse=True)[KEPT:]
    for folder in (*old, *store.glob(".making-*")):
        shutil.rmtree(folder, ignore_errors=True)
