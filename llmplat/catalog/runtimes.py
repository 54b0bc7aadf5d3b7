"""Turns the files of one locked environment into the facts an installer needs."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from llmplat.catalog.read import read_mapping
from llmplat.domain.errors import CatalogError

RUNTIMES = Path(__file__).parent / "data" / "runtimes"
"""One <name>.yaml with a hash-pinned <name>.lock.txt each."""


@dataclass(frozen=True)
class LockedRuntime:
    """An environment that a hash-pinned lock describes."""

    name: str
    title: str
    version: str
    """Of the program the environment is made for."""
    lock: Path
    pythons: tuple[str, ...]
    """Minor versions the lock was resolved for, such as "3.11"."""
    machines: tuple[str, ...]
    """Processor families that have wheels, as `platform.machine()` names them."""
    glibc: str
    """Oldest C library that its wheels run with, such as "2.31"."""
    packages: int
    environment_bytes: int
    """On disk, once installed; a dated measurement."""
    download_bytes: int
    """Fetched on a machine that has nothing; a dated measurement."""

    def lock_sha256(self) -> str:
        """Hex digest of the lock's bytes: what names the environment."""
        return hashlib.sha256(self.lock.read_bytes()).hexdigest()


def load_runtime(name: str, folder: Path = RUNTIMES) -> LockedRuntime:
    """The runtime called `name`; CatalogError when its files are missing or wrong."""
    facts = read_mapping(folder / f"{name}.yaml")
    try:
        runtime = LockedRuntime(
            name=str(facts["name"]),
            title=str(facts["title"]),
            version=str(facts["version"]),
            lock=folder / str(facts["lock"]),
            pythons=tuple(str(python) for python in facts["pythons"]),
            machines=tuple(str(machine) for machine in facts["machines"]),
            glibc=str(facts["glibc"]),
            packages=int(facts["packages"]),
            environment_bytes=int(facts["environment_bytes"]),
            download_bytes=int(facts["download_bytes"]),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise _wrong(name, f"{type(exc).__name__}: {exc}") from exc
    if not runtime.lock.is_file():
        raise _wrong(name, f"the lock {runtime.lock.name} is missing")
    return runtime


def _wrong(name: str, why: str) -> CatalogError:
    return CatalogError(
        f"The runtime {name} is wrong in the catalogue.",
        why=why,
        fix=("report this as a bug; it is data that llmplat ships",),
    )
