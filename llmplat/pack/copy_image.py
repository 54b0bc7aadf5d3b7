"""An image in one registry -> the same image in another place, with everything attached to it."""

import time
from collections.abc import Sequence

from llmplat.domain.copying import copied_blob
from llmplat.domain.oci import INDEX, Descriptor, Manifest
from llmplat.domain.ports import Progress
from llmplat.domain.registry import Registry
from llmplat.pack.image import Image
from llmplat.pack.request import PackedLayer, PackReport


def copy_image(
    source: Registry, image: Image, target: Registry, tag: str | None, progress: Progress
) -> PackReport:
    """Have `image` in `target` under the same digest: blobs mounted where they can be, else sent.

    Within one repository only the tag is written. Signatures and documents come along.

    Raises:
        RegistryError: one of the registries refused or broke off; run again to go on.
    """
    started = time.monotonic()
    sent_bytes = 0
    if source.name != target.name:
        target.try_push()
        sent_bytes = _copy_all(source, image, target, progress)
    if tag is not None and target.find_digest(tag) != image.top.digest:
        target.push_manifest(image.top, tag)
    return PackReport(
        image=image.top.descriptor,
        layers=tuple(PackedLayer(layer, (), 0) for layer in image.layers),
        manifests=tuple(one.manifest.descriptor for one in image.platforms),
        left_out=(),
        sent_bytes=sent_bytes,
        took_s=time.monotonic() - started,
    )


def _copy_all(source: Registry, image: Image, target: Registry, progress: Progress) -> int:
    configs = [one.config_descriptor for one in image.platforms]
    sent = _copy_blobs(source, [*image.layers, *configs], target, progress)
    for one in image.platforms:
        target.push_manifest(one.manifest)
    if image.top.media_type == INDEX:
        target.push_manifest(image.top)
    for entry in source.referrers(image.top.digest):
        attached = source.find_manifest(str(entry.digest))
        if attached is not None:
            sent += _copy_blobs(source, _parts(attached), target, progress)
            target.attach(attached, image.top.digest)
    return sent


def _copy_blobs(
    source: Registry, blobs: Sequence[Descriptor], target: Registry, progress: Progress
) -> int:
    each = {blob.digest: blob for blob in blobs}
    pushed = target.push_blobs([copied_blob(source, blob) for blob in each.values()], progress)
    return sum(one.sent_bytes for one in pushed)


def _parts(manifest: Manifest) -> list[Descriptor]:
    document = manifest.document
    return [Descriptor.parse(one) for one in (document["config"], *document["layers"])]
