"""Locked Python packages -> a folder of wheels, for machines of the same kind; what lacks, named."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from llmplat.adapters.atomic_file import write_whole
from llmplat.adapters.hash_index import hash_file
from llmplat.adapters.uv_tool import run_uv
from llmplat.domain.errors import PreconditionError
from llmplat.domain.ports import Progress

PIP = "pip==23.2.1"
"""Fetches wheels by a lock without installing them; uv installs, and has no command for that."""
_FROM_UV = {
    "UV_DEFAULT_INDEX": "PIP_INDEX_URL",
    "UV_INDEX_URL": "PIP_INDEX_URL",
    "UV_INDEX": "PIP_EXTRA_INDEX_URL",
    "UV_EXTRA_INDEX_URL": "PIP_EXTRA_INDEX_URL",
    "UV_FIND_LINKS": "PIP_FIND_LINKS",
}
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_DONE = ".llmplat-{}.txt"


def has_wheels(requirements: str, folder: Path) -> bool:
    """Whether an earlier run had every wheel of `requirements` here, and each still is."""
    names = _noted(requirements, folder)
    return bool(names) and all((folder / name).is_file() for name in names)


def damaged_wheels(requirements: str, folder: Path) -> tuple[str, ...]:
    """The wheels of `requirements` in `folder` that none of its hashes is of."""
    names = _noted(requirements, folder)
    return tuple(name for name in names if f"sha256:{hash_file(folder / name)}" not in requirements)


def fetch_wheels(requirements: str, folder: Path, purpose: str, progress: Progress) -> int:
    """Have the wheels of `requirements` (a lock with hashes) in `folder`; bytes that were fetched.

    Those for this Python and this kind of processor: what runs there must be of the same kind.
    Killed at any moment, the next call fetches what is missing.
    Raises DownloadError, PreconditionError.
    """
    before = _sizes(folder)
    folder.mkdir(parents=True, exist_ok=True)
    asked = folder / ".requirements.txt"
    asked.write_text(requirements, encoding="utf-8")
    with progress.step(purpose):
        _download(asked, folder, purpose, progress)
    after = _sizes(folder)
    names = sorted(_wanted(requirements, after))
    write_whole(folder / _mark(requirements), "\n".join(names).encode(), 0o644)
    return sum(size for name, size in after.items() if before.get(name) != size)


def _noted(requirements: str, folder: Path) -> list[str]:
    try:
        return (folder / _mark(requirements)).read_text("utf-8").split()
    except OSError:
        return []


def _download(asked: Path, folder: Path, purpose: str, progress: Progress) -> None:
    take = ["download", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    words = ["tool", "run", "--python", sys.executable, "--from", PIP, "pip"]
    run_uv(
        [*words, *take, "--dest", str(folder), "--requirement", str(asked)],
        purpose=purpose,
        folder=folder,
        on_line=progress.child,
        env=pip_environment(os.environ),
    )


def pip_environment(env: Mapping[str, str]) -> dict[str, str]:
    """`env` with uv's index settings spelled for pip where pip's own are not set."""
    made = dict(env)
    for uv_name, pip_name in _FROM_UV.items():
        if env.get(uv_name) and pip_name not in made:
            made[pip_name] = env[uv_name].replace(",", " ")
    return made


def _wanted(requirements: str, sizes: Mapping[str, int]) -> Sequence[str]:
    """The files of the folder that are wheels of `requirements`.

    Packages for other machines or Pythons have none, and pip has left them out by their markers.
    """
    pins = {(_plain(name), version) for name, version in _PINNED.findall(requirements)}
    found = [name for name in sizes if (_plain(name.split("-")[0]), name.split("-")[1]) in pins]
    if not found:
        raise PreconditionError(
            "No wheel came for this machine.",
            why="the lock has packages for other machines only",
            fix=("run llmplat on Linux with Python 3.11 to 3.13",),
        )
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _sizes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in folder.glob("*.whl")}


def _mark(requirements: str) -> str:
    import hashlib  # noqa: PLC0415 (only here)

    return _DONE.format(hashlib.sha256(requirements.encode()).hexdigest()[:16])
