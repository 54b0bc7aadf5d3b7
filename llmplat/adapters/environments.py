"""A runtime's name -> its own Python environment, installed from the shipped hash-pinned lock."""

import json
import platform
import re
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from llmplat.adapters.atomic_file import write_whole
from llmplat.adapters.disk_space import require_space
from llmplat.adapters.file_lock import hold
from llmplat.adapters.folder_size import folder_bytes
from llmplat.adapters.uv_tool import run_uv
from llmplat.catalog.runtimes import LockedRuntime, load_runtime
from llmplat.catalog.versions import numbers_of
from llmplat.domain.errors import PreconditionError
from llmplat.domain.mirror import ANYWHERE, FetchFrom
from llmplat.domain.ports import Progress, StepProgress
from llmplat.domain.units import format_size, parse_size

_MARKER = ".llmplat-complete.json"
_FETCHING = re.compile(r"^\s*Downloading (\S+) \(([\d.]+ ?\w+)\)")
_FETCHED = re.compile(r"^\s*Downloaded (\S+)")
_ADDED = re.compile(r"^\s*\+ \S+==")


def environment_folder(runtime: LockedRuntime, cache: Path) -> Path:
    """Where the environment of `runtime` lives; another lock means another folder."""
    return cache / "environments" / f"{runtime.name}-{runtime.lock_sha256()[:12]}"


def find_environment(runtime: LockedRuntime, cache: Path) -> Path | None:
    """The environment's python when it is there and complete, else None; starts nothing."""
    folder = environment_folder(runtime, cache)
    python = folder / "bin" / "python"
    return python if (folder / _MARKER).is_file() and python.exists() else None


def ensure_environment(
    runtime: str, cache: Path, progress: Progress, fetch: FetchFrom = ANYWHERE
) -> Path:
    """The python of the environment called `runtime`, installed under `cache` if need be.

    Killed at any moment, the next call starts the folder afresh from uv's cache; a second call at
    the same time waits for the first.

    Raises:
        PreconditionError: too little disk, or a Python or processor without wheels.
        DownloadError: the index cannot be reached, or serves other bytes than the lock pins.
        BusyError: another run has been installing it for an hour.
    """
    return ensure_locked(load_runtime(runtime), cache, progress, fetch)


def ensure_locked(
    runtime: LockedRuntime, cache: Path, progress: Progress, fetch: FetchFrom = ANYWHERE
) -> Path:
    """The same for a runtime that is already loaded."""
    found = find_environment(runtime, cache)
    if found is not None:
        return found
    _check_machine(runtime)
    folder = environment_folder(runtime, cache)
    with progress.step(f"Install {runtime.title} {runtime.version}") as step:
        wait = "waiting for another run that installs it"
        with hold(folder.with_suffix(".lock"), on_wait=lambda: step.detail(wait)) as lock:
            found = find_environment(runtime, cache)
            if found is None:
                _require_space(runtime, folder)
                found = _install(runtime, folder, lock, _Tale(runtime, progress, step), fetch)
            step.detail(_in_words(folder))
    return found


class _Tale:
    """uv's lines -> how far the download is."""

    def __init__(self, runtime: LockedRuntime, progress: Progress, step: StepProgress) -> None:
        self._runtime = runtime
        self._progress = progress
        self._step = step
        self._sizes_bytes: dict[str, int] = {}
        self._done_bytes = 0
        self.installed = 0

    def hear(self, line: str) -> None:
        """Take one line of uv's."""
        self._progress.child(line)
        if match := _FETCHING.match(line):
            with suppress(ValueError):
                self._sizes_bytes[match.group(1)] = parse_size(match.group(2))
        elif match := _FETCHED.match(line):
            self._done_bytes += self._sizes_bytes.get(match.group(1), 0)
            total_bytes = max(self._runtime.download_bytes, self._done_bytes)
            self._step.advance(self._done_bytes, total_bytes)
        elif _ADDED.match(line):
            self.installed += 1


def _install(
    runtime: LockedRuntime, folder: Path, lock: int, tale: _Tale, fetch: FetchFrom
) -> Path:
    # Installed in place, because scripts in bin/ hold the folder's name; the marker is written
    # last, and a folder without it is thrown away, since nobody knows where it was cut off.
    shutil.rmtree(folder, ignore_errors=True)
    python = folder / "bin" / "python"
    purpose = f"Installing {runtime.title} {runtime.version}"
    make = ["venv", "--no-project", "--no-python-downloads", "--python", sys.executable]
    run_uv([*make, str(folder)], purpose=purpose, folder=folder.parent, keep_open=(lock,))
    # No package may run its own build code here, hence --no-build.
    take = ["pip", "install", "--no-deps", "--require-hashes", "--no-build"]
    run_uv(
        [*take, "--python", str(python), "--requirements", str(runtime.lock)],
        purpose=purpose,
        folder=folder.parent,
        keep_open=(lock,),
        on_line=tale.hear,
        fetch=fetch,
    )
    facts = {
        "packages": tale.installed,
        "size_bytes": folder_bytes(folder),
        "python": platform.python_version(),
        "lock_sha256": runtime.lock_sha256(),
    }
    write_whole(folder / _MARKER, (json.dumps(facts, indent=1) + "\n").encode(), 0o644)
    return python


def _in_words(folder: Path) -> str:
    facts = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
    return f"{facts['packages']} packages, {format_size(facts['size_bytes'])}"


def _check_machine(runtime: LockedRuntime) -> None:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    machine = platform.machine()
    if python not in runtime.pythons:
        raise PreconditionError(
            f"{runtime.title} cannot be installed with Python {python}.",
            why=f"its lock is made for Python {', '.join(runtime.pythons)}",
            fix=(f"run llmplat with Python {runtime.pythons[-1]}",),
        )
    if sys.platform != "linux" or machine not in runtime.machines:
        raise PreconditionError(
            f"{runtime.title} cannot be installed on this machine.",
            why=f"there are wheels for Linux on {', '.join(runtime.machines)} only; "
            f"this is {sys.platform} on {machine}",
            fix=("run llmplat on such a machine",),
        )
    library, version = platform.libc_ver()
    if library != "glibc" or numbers_of(version) < numbers_of(runtime.glibc):
        raise PreconditionError(
            f"{runtime.title} cannot be installed on this machine.",
            why=f"its wheels need glibc {runtime.glibc} or newer; "
            f"this is {library or 'another C library'} {version}".rstrip(),
            fix=("run llmplat on a newer distribution, for instance Debian 12 or Ubuntu 22.04",),
        )


def _require_space(runtime: LockedRuntime, folder: Path) -> None:
    fix = "free some space, or set LLMPLAT_CACHE_HOME and UV_CACHE_DIR to a larger disk"
    require_space(folder, runtime.environment_bytes, f"{runtime.title}'s environment", fix=fix)
    uv_cache = _uv_cache(folder.parent)
    if uv_cache is not None and _device(uv_cache) != _device(folder):
        # On one disk uv links files out of its cache; over two disks everything is there twice.
        require_space(uv_cache, runtime.environment_bytes, f"{runtime.title}'s packages", fix=fix)


def _uv_cache(folder: Path) -> Path | None:
    lines: list[str] = []
    run_uv(["cache", "dir"], purpose="Asking uv for its cache", folder=folder, on_line=lines.append)
    return Path(lines[-1]) if lines else None


def _device(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return folder.stat().st_dev
