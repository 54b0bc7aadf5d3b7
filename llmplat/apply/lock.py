"""A platform file -> platform.lock.yaml: what planning must know of the world, pinned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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


@dataclass(frozen=True)
class Published:
    """A model as an image."""

    image: str
    """registry/repository@sha256:..."""
    signed_by: str | None
    """Names the key, see `Signer.hint`; None: it is not signed."""


class PackageModel(Protocol):
    """Publishes a model as an image."""

    def __call__(
        self, model: Model, record: ModelRecord, held: Published | None, progress: Progress
    ) -> Published:
        """`model` as `record` found it; raises LlmplatError.

        `held` is the image of just these files: it is signed where it has to be, not pushed again.
        """
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
    kept: Mapping[str, LockedModel] = field(default_factory=dict)
    """Models that are not looked at again, by name: behind a mirror nobody can read their hub."""


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
    image of just these files: then only a signature that it lacks is attached. With `is_check`
    nothing is packaged or signed, and such a lock would change.
    """
    before = tools.read()
    old = _parsed(before, file)
    tools = replace(tools, kept=_kept(platform, old))
    lock = make_lock(platform, tools, progress, _published(old), is_check=is_check)
    text = dump_lock(lock)
    is_changed = before != text
    if is_changed and not is_check:
        tools.write(text)
    return LockReport(file, is_changed, is_check, lock.models, lock.runtimes, lock)


def make_lock(
    platform: Platform,
    tools: LockTools,
    progress: Progress,
    published: Mapping[tuple[str, str], Published],
    *,
    is_check: bool,
) -> Lock:
    """The lock of `platform`: models with a source, every shipped runtime, this machine's GPUs.

    GPUs are looked at for the local substrate only: no other runs on this machine; charts and
    container images for the others only. `published` are the model images of an earlier lock, by
    model and digest of its files.
    """
    found: dict[str, ModelRecord] = {}
    models = []
    for model in platform.models:
        if model.name in tools.kept:
            models.append(tools.kept[model.name])
        elif model.source is not None:
            if model.source not in found:
                found[model.source] = tools.describe(model.source, progress)
            record = found[model.source]
            held = published.get((model.name, record.digest))
            if held is not None and not model.is_served_from(held.image):
                held = None
            if model.package is not None and not is_check:
                held = tools.package(model, record, held, progress)
            elif held is not None and not model.is_signed_as_wished(held.signed_by):
                held = None
            models.append(_locked(model.name, model.source, record, held))
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
    return {
        "charts": pin_charts(platform, tools.cluster),
        "images": pin_images(platform, tools.cluster),
    }


def _seen(tools: LockTools) -> tuple[LockedGpu, ...]:
    return tuple(LockedGpu(name=gpu.name, memory_bytes=gpu.memory_bytes) for gpu in tools.gpus())


def _parsed(text: str | None, file: str) -> Lock:
    try:
        return Lock() if text is None else parse_lock(text, file)
    except SpecError:
        return Lock()  # it is written anew anyway


def _published(old: Lock) -> dict[tuple[str, str], Published]:
    return {
        (model.name, model.digest): Published(model.image, model.signed_by)
        for model in old.models
        if model.image
    }


def _kept(platform: Platform, old: Lock) -> dict[str, LockedModel]:
    """Models of the old lock whose hub the mirror does not stand in for, their images in the mirror."""
    mirror, place = platform.mirror, platform.mirror_place
    if mirror is None or mirror.hub or mirror.folder or place is None:
        return {}
    sources = {model.name: model for model in platform.models}
    kept = {}
    for entry in old.models:
        model = sources.get(entry.name)
        if model is None or model.source != entry.source or not entry.source.startswith("hf://"):
            continue
        image = place.image(entry.image) if entry.image else None
        if model.is_served_from(image):
            kept[entry.name] = entry.model_copy(update={"image": image})
    return kept


def _locked(
    name: str, source: str, record: ModelRecord, published: Published | None
) -> LockedModel:
    return LockedModel(
        name=name,
        source=source,
        revision=record.revision,
        digest=record.digest,
        image=published.image if published else None,
        signed_by=published.signed_by if published else None,
        weights_bytes=record.weights_bytes,
        files=tuple(
            LockedFile(path=file.path, size_bytes=file.size_bytes, sha256=file.sha256)
            for file in record.files
        ),
        config=ModelConfig.model_validate(dict(record.config)),
    )
