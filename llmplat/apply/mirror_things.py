"""A platform and its lock -> everything that it fetches: from where, and where a mirror keeps it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from llmplat.apply.lock_cluster import components_of
from llmplat.catalog.chart_images import images_of
from llmplat.catalog.component_entries import PinnedVersion
from llmplat.catalog.entries import Catalog
from llmplat.catalog.runtimes import LockedRuntime
from llmplat.domain.mirror import MirrorPlace
from llmplat.domain.oci import Reference
from llmplat.plan.hardware import CPU_RUNTIME, CUDA_RUNTIME
from llmplat.spec.lock import Lock, LockedModel
from llmplat.spec.model import Model
from llmplat.spec.platform import Platform

CHART, IMAGE, MODEL, PACKAGES, FILES = "chart", "image", "model", "packages", "files"
KINDS = (CHART, IMAGE, MODEL, PACKAGES, FILES)
"""Charts, images and images of models lie in registries; packages and files of models in folders."""
_GATEWAY_RUNTIME = "litellm"
_DEMO, _HUB = "demo://", "hf://"


@dataclass(frozen=True)
class Thing:
    """One thing that a platform fetches."""

    kind: str
    origin: str
    """registry/repository:tag, https://host/path/chart:version, hf://org/name@revision, a runtime."""
    kept: str
    """Where the mirror keeps it; "" where the platform has no mirror."""
    digest: str | None
    """What is pinned: in a registry the manifest's; None where nothing pins it yet."""
    size_bytes: int | None = None
    """Of all there is to fetch, where it is known without asking."""

    @property
    def is_oci(self) -> bool:
        """Whether it lies in a registry."""
        return self.kind in {CHART, IMAGE, MODEL}

    @property
    def is_web_chart(self) -> bool:
        """Whether it is a chart of a plain web server."""
        return self.origin.startswith("https://") or self.origin.startswith("http://")


def list_things(
    platform: Platform,
    lock: Lock | None,
    catalog: Catalog,
    runtimes: Callable[[str], LockedRuntime],
    place: MirrorPlace | None,
) -> tuple[Thing, ...]:
    """Everything that `platform` fetches, by kind and origin; `place` is where a mirror keeps it."""
    if platform.substrate.local is not None:
        found = [*_packages(platform, lock, catalog, runtimes), *_files(platform, lock)]
    else:
        found = [*_charts(platform, lock, catalog, place), *_images(platform, lock, catalog, place)]
    found += _models(platform, lock, place)
    unique = {(thing.kind, thing.origin): thing for thing in found}
    return tuple(sorted(unique.values(), key=lambda one: (KINDS.index(one.kind), one.origin)))


def _charts(
    platform: Platform, lock: Lock | None, catalog: Catalog, place: MirrorPlace | None
) -> Iterator[Thing]:
    locked = {(one.name, one.version): one.digest for one in (lock.charts if lock else ())}
    for part in components_of(platform, catalog):
        pin = catalog.components[part.name].version
        if pin is None or pin.chart is None or pin.repository is None:
            continue
        kept = (
            f"{place.charts(pin.repository)}/{_chart(pin)}".removeprefix("oci://") if place else ""
        )
        origin = f"{pin.repository}/{_chart(pin)}".removeprefix("oci://")
        yield Thing(CHART, origin, kept, locked.get((pin.chart, pin.pinned)))


def _chart(pin: PinnedVersion) -> str:
    """name:version, as a registry spells it: it takes no plus sign."""
    return f"{pin.chart}:{pin.pinned.replace('+', '_')}"


def _images(
    platform: Platform, lock: Lock | None, catalog: Catalog, place: MirrorPlace | None
) -> Iterator[Thing]:
    locked = {one.reference: one.digest for one in (lock.images if lock else ())}
    references = [image.reference for image in catalog.images.values()]
    for part in components_of(platform, catalog):
        theirs = images_of(catalog.components[part.name]) or ()
        references += [image.reference for image in theirs if image.unused is None]
    references += platform.mirror.images if platform.mirror is not None else ()
    for reference in references:
        kept = place.image(reference) if place else ""
        stated = Reference.parse(reference).digest
        digest = locked.get(kept) or locked.get(reference) or (str(stated) if stated else None)
        yield Thing(IMAGE, reference, kept, digest)


def _models(platform: Platform, lock: Lock | None, place: MirrorPlace | None) -> Iterator[Thing]:
    locked = {one.name: one for one in (lock.models if lock else ())}
    for model in platform.models:
        images = [_image_of(model, locked.get(model.name))]
        images.append(model.canary.source if model.canary is not None else None)
        for image in filter(None, images):
            reference = Reference.parse(image)
            kept = str(place.of(reference)) if place else ""
            origin = place.origin(reference) if place else None
            size = locked[model.name].weights_bytes if model.name in locked else None
            digest = str(reference.digest) if reference.digest else None
            yield Thing(MODEL, str(origin or reference), kept, digest, size)


def _image_of(model: Model, locked: LockedModel | None) -> str | None:
    """The image that `model` is served from; without a digest where it is still to be packaged."""
    if model.source is not None and model.source.startswith("oci://"):
        return model.source
    if model.package is None:
        return None
    return (locked.image if locked is not None else None) or model.package.repository


def _packages(
    platform: Platform,
    lock: Lock | None,
    catalog: Catalog,
    runtimes: Callable[[str], LockedRuntime],
) -> Iterator[Thing]:
    kept = _folder(platform, "packages") or (platform.mirror and platform.mirror.packages) or ""
    names = [_GATEWAY_RUNTIME]
    if any(not model.external for model in platform.models):
        names.append(CUDA_RUNTIME if lock is not None and lock.gpus else CPU_RUNTIME)
    for name in names:
        runtime = runtimes(name)
        digest = f"sha256:{runtime.lock_sha256()}"
        yield Thing(PACKAGES, name, kept, digest, runtime.download_bytes)
    for model in platform.models:
        if model.source is not None and model.source.startswith(_DEMO):
            demo = catalog.demos[model.source.removeprefix(_DEMO)].facts["package"]
            digest = f"sha256:{demo['wheel_sha256']}"
            origin = f"{demo['name']}=={demo['version']}"
            yield Thing(PACKAGES, origin, kept, digest, int(demo["gguf_bytes"]))


def _files(platform: Platform, lock: Lock | None) -> Iterator[Thing]:
    locked = {one.source: one for one in (lock.models if lock else ())}
    kept = _folder(platform, "models") or (platform.mirror and platform.mirror.hub) or ""
    for model in platform.models:
        if model.source is not None and model.source.startswith(_HUB):
            found = locked.get(model.source)
            size = sum(file.size_bytes for file in found.files) if found else None
            yield Thing(FILES, model.source, kept, found.digest if found else None, size)


def _folder(platform: Platform, name: str) -> str | None:
    mirror = platform.mirror
    return f"{mirror.folder}/{name}" if mirror is not None and mirror.folder else None
