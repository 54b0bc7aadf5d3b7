"""A platform file -> platform.lock.yaml: what planning must know of the world, pinned."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from llmplat import __version__
from llmplat.catalog.runtimes import LockedRuntime as ShippedRuntime
from llmplat.domain.machine import Gpu
from llmplat.domain.model_record import ModelRecord
from llmplat.domain.ports import Progress
from llmplat.spec.lock import (
    Lock,
    LockedFile,
    LockedGpu,
    LockedModel,
    LockedRuntime,
    ModelConfig,
    dump_lock,
)
from llmplat.spec.platform import Platform


class Describe(Protocol):
    """Looks at a model where it is kept, without fetching its weights."""

    def __call__(self, source: str, progress: Progress) -> ModelRecord:
        """What `source` holds now; raises InputError, DownloadError or PreconditionError."""
        ...


@dataclass(frozen=True)
class LockTools:
    """What `lock` needs of the world."""

    describe: Describe
    runtimes: tuple[ShippedRuntime, ...]
    """All environments that an engine or the gateway may run in."""
    gpus: Callable[[], tuple[Gpu, ...]]
    """The GPUs of this machine, in its order."""
    read: Callable[[], str | None]
    """The lock file's text, None when there is none."""
    write: Callable[[str], None]
    """Replaces the lock file at once."""


@dataclass(frozen=True)
class LockReport:
    """What is pinned, and whether the file said so already."""

    file: str
    is_changed: bool
    """The file was, or with --check would be, written anew."""
    is_check: bool
    models: tuple[LockedModel, ...]
    runtimes: tuple[LockedRuntime, ...]
    lock: Lock


def lock_platform(
    platform: Platform, file: str, tools: LockTools, progress: Progress, *, is_check: bool = False
) -> LockReport:
    """Look at the world and write the lock when it changed; with `is_check` write nothing.

    Raises InputError, DownloadError or PreconditionError for a model that cannot be looked at;
    the lock file is then untouched.
    """
    lock = make_lock(platform, tools, progress)
    text = dump_lock(lock)
    is_changed = tools.read() != text
    if is_changed and not is_check:
        tools.write(text)
    return LockReport(file, is_changed, is_check, lock.models, lock.runtimes, lock)


def make_lock(platform: Platform, tools: LockTools, progress: Progress) -> Lock:
    """The lock of `platform`: models with a source, every shipped runtime, this machine's GPUs.

    GPUs are looked at for the local substrate only: no other runs on this machine.
    """
    found: dict[str, ModelRecord] = {}
    models = []
    for model in platform.models:
        if model.source is not None:
            if model.source not in found:
                found[model.source] = tools.describe(model.source, progress)
            models.append(_locked(model.name, model.source, found[model.source]))
    return Lock(
        generated_by=f"llmplat {__version__}",
        models=tuple(sorted(models, key=lambda entry: entry.name)),
        runtimes=tuple(
            LockedRuntime(name=r.name, version=r.version, lock_sha256=r.lock_sha256())
            for r in sorted(tools.runtimes, key=lambda runtime: runtime.name)
        ),
        gpus=_seen(tools) if platform.substrate.local is not None else (),
    )


def _seen(tools: LockTools) -> tuple[LockedGpu, ...]:
    return tuple(LockedGpu(name=gpu.name, memory_bytes=gpu.memory_bytes) for gpu in tools.gpus())


def _locked(name: str, source: str, record: ModelRecord) -> LockedModel:
    return LockedModel(
        name=name,
        source=source,
        revision=record.revision,
        digest=record.digest,
        weights_bytes=record.weights_bytes,
        files=tuple(
            LockedFile(path=file.path, size_bytes=file.size_bytes, sha256=file.sha256 or "")
            for file in record.files
        ),
        config=ModelConfig.model_validate(dict(record.config)),
    )
