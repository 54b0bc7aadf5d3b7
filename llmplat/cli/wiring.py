"""The composition root: the files and folders that a command works on.

Only this module and its neighbours wiring_*.py name adapters, each imported when it is asked for.
"""

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from llmplat.cli.run import Run, cache_home, state_home
from llmplat.domain.errors import InputError, PreconditionError

if TYPE_CHECKING:
    from llmplat.catalog.entries import Catalog
    from llmplat.domain.mirror import FetchFrom
    from llmplat.spec.keys import KeysFile
    from llmplat.spec.load import LoadedPlatform
    from llmplat.spec.lock import Lock
    from llmplat.spec.platform import Platform

DEFAULT_FILE = "platform.yaml"
LOCK_FILE = "platform.lock.yaml"
KEYS_FILE = "keys.yaml"


@dataclass(frozen=True)
class Opened:
    """The platform a command works on, and the files that belong to it."""

    loaded: "LoadedPlatform"
    """With the tenants that the keys file declares beside it."""
    written: "Platform"
    """As the platform file alone has it."""
    file: Path | None
    """None: the built-in default."""
    lock_file: Path
    keys_file: Path
    state: Path
    cache: Path

    @property
    def name(self) -> str:
        """The platform's name."""
        return self.loaded.platform.name


def home() -> Path:
    """The folder that holds profiles/, templates/ and infra/: in a wheel or in a checkout."""
    package = Path(__file__).resolve().parent.parent
    bundled = package / "_bundled"
    return bundled if bundled.is_dir() else package.parent


def cache_dir(run: Run | None = None) -> Path:
    """What can be fetched again: environments, models, downloads."""
    return cache_home(dict(os.environ) if run is None else run.env)


def state_dir(run: Run, platform: str) -> Path:
    """What the platform of that name owns on this machine: secrets, logs, Redis, rendered files."""
    return state_home(run.env) / platform


@lru_cache(maxsize=1)
def catalog() -> "Catalog":
    """The shipped catalogue; raises CatalogError when it is broken."""
    from llmplat.catalog.load import load_catalog

    return load_catalog(home())


def open_platform(run: Run) -> Opened:
    """The file named by --file, else ./platform.yaml, else the built-in default (and says so).

    Raises InputError for a named file that does not exist, SpecError for a wrong one.
    """
    from llmplat.spec.load import default_platform, load_platform

    file = _file(run)
    if file is None:
        loaded = default_platform()
        run.emitter.note(
            "no platform.yaml here: using the built-in default (`llmplat init` writes one)"
        )
        beside = state_dir(run, loaded.platform.name)
    else:
        loaded = load_platform(file)
        beside = file.resolve().parent
    keys_file = beside / KEYS_FILE
    return Opened(
        loaded=_checked(_with_declared(loaded, keys_file)),
        written=loaded.platform,
        file=file,
        lock_file=_lock_file(file, beside),
        keys_file=keys_file,
        state=state_dir(run, loaded.platform.name),
        cache=cache_dir(run),
    )


def _lock_file(file: Path | None, beside: Path) -> Path:
    """<file>.lock.yaml where there is one, so that a folder may hold several; else platform.lock.yaml."""
    own = beside / f"{file.stem}.lock.yaml" if file is not None else beside / LOCK_FILE
    return own if own.is_file() else beside / LOCK_FILE


def _with_declared(loaded: "LoadedPlatform", keys_file: Path) -> "LoadedPlatform":
    if not keys_file.is_file():
        return loaded
    from llmplat.spec.keys import with_declared

    return replace(loaded, platform=with_declared(loaded.platform, read_keys(keys_file)))


def _checked(loaded: "LoadedPlatform") -> "LoadedPlatform":
    """`loaded` with the warnings about its gke block; SpecError with all that is wrong there."""
    if loaded.platform.substrate.gke is None:
        return loaded
    from llmplat.domain.errors import Severity, SpecError
    from llmplat.plan.gke.check import check_gke

    found = check_gke(loaded, catalog())
    faults = sum(one.severity is Severity.ERROR for one in found)
    if faults:
        what = f"{loaded.file} has {faults} fault{'' if faults == 1 else 's'}"
        raise SpecError(what, findings=found)
    return replace(loaded, warnings=(*loaded.warnings, *found))


def read_keys(keys_file: Path) -> "KeysFile":
    """The declared keys, none when there is no file; SpecError when it is wrong."""
    from llmplat.spec.keys import KeysFile, parse_keys

    if not keys_file.is_file():
        return KeysFile()
    return parse_keys(keys_file.read_text(encoding="utf-8"), str(keys_file))


def _file(run: Run) -> Path | None:
    if run.file is not None:
        if not run.file.is_file():
            raise InputError(
                f"There is no platform file {run.file}.",
                fix=(
                    f"llmplat init --file {run.file}",
                    "or leave --file out for the built-in default",
                ),
            )
        return run.file
    default = Path(DEFAULT_FILE)
    return default if default.is_file() else None


def fetch_from(opened: Opened) -> "FetchFrom":
    """Where this machine fetches packages and models for the opened platform."""
    from llmplat.domain.mirror import FetchFrom

    mirror = opened.loaded.platform.mirror
    if mirror is None:
        return FetchFrom()
    folder = mirror.folder
    return FetchFrom(
        packages=mirror.packages,
        wheels=f"{folder}/packages" if folder else None,
        hub=mirror.hub,
        models=f"{folder}/models" if folder else None,
        is_closed=True,
    )


def read_lock(opened: Opened) -> "Lock | None":
    """The lock beside the platform file, None when there is none yet; SpecError when it is wrong."""
    if not opened.lock_file.is_file():
        return None
    from llmplat.spec.lock import parse_lock

    return parse_lock(opened.lock_file.read_text(encoding="utf-8"), str(opened.lock_file))


def free_memory_bytes() -> int:
    """Memory that new processes may take on this machine."""
    from llmplat.adapters.local_preflight import available_memory_bytes

    return available_memory_bytes()


def write_user_file(path: Path, text: str) -> None:
    """Write a file the user asked for, whole or not at all; PreconditionError when it cannot be."""
    from llmplat.adapters.atomic_file import write_whole

    try:
        write_whole(path, text.encode(), mode=0o644)
    except OSError as error:
        raise PreconditionError(
            f"{path} cannot be written.",
            error.strerror or "the system gave no reason",
            (f"ls -ld {path.absolute().parent}", "or name another place with --file"),
        ) from error
