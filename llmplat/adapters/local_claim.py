"""A platform's lock file -> one run of llmplat at a time, and the step it is in."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from llmplat.adapters.atomic_file import write_whole
from llmplat.domain.errors import BusyError


@contextmanager
def claim(folder: Path, verb: str) -> Iterator[None]:
    """Hold the platform for `verb`; the kernel lets go when we die.

    Raises:
        BusyError: another run holds it.
    """
    path = folder / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, folder)
        write_step(folder, verb, "start")
        yield
    finally:
        with suppress(FileNotFoundError):
            if _is_ours(folder):
                (folder / "step.json").unlink()
        os.close(descriptor)


def write_step(folder: Path, verb: str, step: str) -> None:
    """Note the step we are in, for a second run and for `status`."""
    document = {"pid": os.getpid(), "verb": verb, "step": step}
    write_whole(folder / "step.json", json.dumps(document).encode())


def holder(folder: Path) -> str | None:
    """What another run is doing right now, in words; None when nobody holds the platform."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _in_words(folder)
    finally:
        os.close(descriptor)
    return None


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BusyError(
            "Another run of llmplat holds this platform.",
            _in_words(folder),
            ("wait for it to end, or stop it, then run the command again",),
        ) from error


def _in_words(folder: Path) -> str:
    step = _read(folder)
    if not step:
        return "another run has just begun"
    return f"`llmplat {step['verb']}` runs as pid {step['pid']}, at step: {step['step']}"


def _is_ours(folder: Path) -> bool:
    return _read(folder).get("pid") == os.getpid()


def _read(folder: Path) -> dict[str, object]:
    try:
        document = json.loads((folder / "step.json").read_text())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
