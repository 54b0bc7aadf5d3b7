"""A platform file -> platform.lock.yaml: what planning must know of the world, pinned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from llmplat import __version__
from llmplat.apply.lock_cluster import ClusterPins, pin_charts, pin_images
from llmplat.catalog.runtimes import LockedRuntime as ShippedRuntime
from llmplat.domain.errors import SpecError
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
    parse_lock,
)
from llmplat.spec.model import Model
from llmplat.spec.platform import Platform


class Describe(Protocol):
    """Looks at a model where it is kept, without fetching its weights."""

    def __call__(self, source: str, progress: Progress) -> ModelRecord:
        """What `source` holds now; raises InputError, DownloadError or PreconditionError."""
        ...


class PackageModel(Protocol):
    """Publishes a model as an image."""

    def __call__(self, model: Model, record: ModelRecord, progress: Progress) -> str:
        """registry/repository@sha256:... of `model` as `record` found it; raises LlmplatError."""
        ...


@dataclass(frozen=True)
class LockTools:
    """What `lock` needs of the world."""

    describe: Describe
    package: PackageModel
    runtimes: tuple[ShippedRuntime, ...]
    """All environments that an engine or the gateway may run in."""
    gpus: Callable[[], tuple[Gpu, ...]]
    """The GPUs of this machine, in its order."""
    read: Callable[[], str | None]
    """The lock file's text, None when there is none."""
    write: Callable[[str], None]
    """Replaces the lock file at once."""
    cluster: ClusterPins | None = None
    """What a cluster's charts and images are asked for with; not needed on this machine."""


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
    the lock file is then untouched. Models that are to be packaged are, unless the lock has the
    image of just these files; with `is_check` nothing is packaged and such a lock would change.
    """
    before = tools.read()
    lock = make_lock(platform, tools, progress, _images(before, file), is_check=is_check)
    text = dump_lock(lock)
    is_changed = before != text
    if is_changed and not is_check:
        tools.write(text)
    return LockReport(file, is_changed, is_check, lock.models, lock.runtimes, lock)


def make_lock(
    platform: Platform,
    tools: LockTools,
    progress: Progress,
    images: Mapping[tuple[str, str], str],
    *,
    is_check: bool,
) -> Lock:
    """The lock of `platform`: models with a source, every shipped runtime, this machine's GPUs.

    GPUs are looked at for the local substrate only: no other runs on this machine; charts and
    container images for the others only. `images` are those of an earlier lock, by model and digest of its files.
    """
    found: dict[str, ModelRecord] = {}
    models = []
    for model in platform.models:
        if model.source is not None:
            if model.source not in found:
                found[model.source] = tools.describe(model.source, progress)
            record = found[model.source]
            image = images.get((model.name, record.digest))
            if not model.is_served_from(image):
                is_wanted = model.package is not None and not is_check
                image = tools.package(model, record, progress) if is_wanted else None
            models.append(_locked(model.name, model.source, record, image))
    return Lock(
        generated_by=f"llmplat {__version__}",
        models=tuple(sorted(models, key=lambda entry: entry.name)),
        runtimes=tuple(
            LockedRuntime(name=r.name, version=r.version, lock_sha256=r.lock_sha256())
            for r in sorted(tools.runtimes, key=lambda runtime: runtime.name)
        ),
        gpus=_seen(tools) if platform.substrate.local is not None else (),
        **_of_cluster(platform, tools),
    )


def _of_cluster(platform: Platform, tools: LockTools) -> dict[str, Any]:
    if platform.substrate.local is not None or tools.cluster is None:
        return {}
    return {"charts": pin_charts(platform, tools.cluster), "images": pin_images(tools.cluster)}


def _seen(tools: LockTools) -> tuple[LockedGpu, ...]:
    return tuple(LockedGpu(name=gpu.name, memory_bytes=gpu.memory_bytes) for gpu in tools.gpus())


def _images(text: str | None, file: str) -> dict[tuple[str, str], str]:
    if text is None:
        return {}
    try:
        models = parse_lock(text, file).models
    except SpecError:
        return {}  # it is written anew anyway
    return {(model.name, model.digest): model.image for model in models if model.image}


def _locked(name: str, source: str, record: ModelRecord, image: str | None) -> LockedModel:
    return LockedModel(
        name=name,
        source=source,
        revision=record.revision,
        digest=record.digest,
        image=image,
        weights_bytes=record.weights_bytes,
        files=tuple(
            LockedFile(path=file.path, size_bytes=file.size_bytes, sha256=file.sha256 or "")
            for file in record.files
        ),
        config=ModelConfig.model_validate(dict(record.config)),
    )
