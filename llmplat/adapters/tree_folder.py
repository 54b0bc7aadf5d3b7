"""A folder of manifests: read, checked against its marker, replaced as a whole."""

import ctypes
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from llmplat.domain.errors import InputError, PreconditionError
from llmplat.domain.manifest import Manifest

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def read_folder(folder: Path) -> tuple[Manifest, ...]:
    """Every YAML and JSON file below `folder` by path; InputError when there is no such folder."""
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", fix=(f"llmplat render --out {folder}",))
    paths = (path for path in sorted(folder.rglob("*")) if _is_read(path, folder))
    return tuple(
        Manifest(path.relative_to(folder).as_posix(), path.read_text("utf-8")) for path in paths
    )


def replace_folder(folder: Path, files: Iterable[Manifest], marker: str) -> bool:
    """Have `folder` hold exactly `files`, all at once; False when it does already.

    Raises InputError for a folder that was not written this way, or changed by hand since;
    PreconditionError when it cannot be written. The old folder is untouched then.
    """
    target = folder.resolve()
    wanted = {file.path: file.content for file in files}
    if target.exists():
        check_own(target, marker)
        if _content(target) == wanted:
            return False
    aside = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        _write(aside, wanted)
        _exchange(aside, target)
    except OSError as error:
        raise PreconditionError(
            f"{folder} cannot be written.",
            error.strerror or "the system gave no reason",
            (f"ls -ld {target.parent}", "or name another folder with --out"),
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return True


def check_own(folder: Path, marker: str) -> None:
    """Refuse a folder that llmplat did not write or that was changed since; InputError."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder.", fix=("name another one with --out",))
    found = _content(folder)
    if not found:
        return
    if marker not in found:
        raise InputError(
            f"{folder} was not written by llmplat.",
            why=f"it holds {len(found)} files and no {marker}; replacing it would delete them.",
            fix=("name a new or empty folder with --out",),
        )
    changed = sorted(_changed(found, marker))
    if changed:
        raise InputError(
            f"{folder} was changed by hand.",
            why=f"{_some(changed)} differ from what was rendered; replacing would undo that.",
            fix=(
                f"llmplat diff --tree {folder}",
                "say it in the platform file (components.<name>.values), then remove the folder",
            ),
        )


def _changed(found: dict[str, str], marker: str) -> set[str]:
    try:
        hashes = dict(json.loads(found[marker])["files"])
    except (ValueError, KeyError, TypeError):
        return {marker}
    now = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in found.items()}
    del now[marker]
    return {path for path in {*hashes, *now} if hashes.get(path) != now.get(path)}


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more


def _content(folder: Path) -> dict[str, str]:
    """Everything in the folder; what is no text counts as changed text."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8", "replace")
        for path in sorted(folder.rglob("*"))
        if path.is_file() or path.is_symlink()
    }


def _is_read(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.is_file() and not hidden and path.suffix in {".yaml", ".yml", ".json"}


def _write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8") as opened:
            opened.write(text)
    for place in (folder, *folder.rglob("*")):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _exchange(aside: Path, target: Path) -> None:
    """Both names change their folders in one step where the system can, else in two."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        aside.rename(target)
        return
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    names = (os.fsencode(aside), os.fsencode(target))
    if rename and rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return
    old = aside.with_name(aside.name + "-old")
    target.rename(old)
    aside.rename(target)
    old.rename(aside)
