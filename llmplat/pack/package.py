"""A model's files and a registry -> an image there, named by its digest; the tag comes last."""

import time
from collections.abc import Callable, Sequence

from llmplat.catalog.registries import RegistryFacts
from llmplat.domain.errors import RegistryError
from llmplat.domain.oci import CONFIG, Descriptor, Digest, Manifest
from llmplat.domain.ports import Progress
from llmplat.domain.registry import Blob, Pushed, Registry
from llmplat.pack.base import base_blobs, read_base
from llmplat.pack.image_manifest import BaseParts, make_config, make_index, make_manifest, scratch
from llmplat.pack.image_plan import LayerPlan, plan_layers
from llmplat.pack.limits import check_limits
from llmplat.pack.request import PackedLayer, PackReport, PackRequest
from llmplat.pack.selection import select_for_image

Attach = Callable[[PackReport], None]
"""Called when the image is complete and before the tag: signs, describes, attaches."""


def package(
    request: PackRequest,
    registry: Registry,
    facts: RegistryFacts,
    tag: str | None,
    progress: Progress,
    attach: Attach = lambda _report: None,
) -> PackReport:
    """Put the model into `registry` and say its digest.

    Everything that can be refused is refused before the first byte. The tag is written when the
    registry has answered for every blob and for the manifest, and never before.

    Raises:
        InputError: no weights, only pickles, a name that readers do not take, a file that changed
            while it was read.
        RegistryRefusedError: no permission, or beyond the registry's limits.
        RegistryError: the registry failed or gave up; run again to go on.
    """
    started = time.monotonic()
    files, left_out = select_for_image(
        request.files, request.source, allow_pickle=request.allow_pickle
    )
    if left_out:
        progress.note(f"left out: {', '.join(file.path for file in left_out)}")
    bases = read_base(request.base) or tuple(scratch(one) for one in request.platforms)
    most_base_layers = max(len(base.layers) for base in bases)
    plan = plan_layers(files, most_base_layers)
    check_limits(plan, most_base_layers, facts)
    registry.try_push()
    pushed = _push_layers(request, bases, plan, registry, progress)
    layers = tuple(
        PackedLayer(done.descriptor, layer.files, done.sent_bytes)
        for done, layer in zip(pushed, plan, strict=True)
    )
    top, manifests, sent = _push_image(request, bases, layers, registry, progress)
    sent_bytes = sent + sum(layer.sent_bytes for layer in layers)
    names = tuple(file.path for file in left_out)
    report = PackReport(
        top.descriptor, layers, manifests, names, sent_bytes, time.monotonic() - started
    )
    attach(report)
    if tag is not None:
        _write_tag(registry, top, tag)
    return report


def _push_layers(
    request: PackRequest,
    bases: Sequence[BaseParts],
    plan: Sequence[LayerPlan],
    registry: Registry,
    progress: Progress,
) -> tuple[Pushed, ...]:
    blobs = [layer.blob for layer in plan]
    below = base_blobs(request.base, bases)
    pushed = registry.push_blobs([*blobs, *below], progress)
    return pushed[: len(blobs)]


def _push_image(
    request: PackRequest,
    bases: Sequence[BaseParts],
    layers: Sequence[PackedLayer],
    registry: Registry,
    progress: Progress,
) -> tuple[Manifest, tuple[Descriptor, ...], int]:
    descriptors = [layer.descriptor for layer in layers]
    configs = [make_config(base, descriptors) for base in bases]
    blobs = {_config_blob(config): None for config in configs}
    pushed = registry.push_blobs(tuple(blobs), progress)
    made = [
        make_manifest(base, descriptors, config, request.annotations)
        for base, config in zip(bases, configs, strict=True)
    ]
    stored = tuple(_push_once(registry, manifest) for manifest in made)
    top = made[0]
    if len(made) > 1:
        pairs = [(manifest, base.platform) for manifest, base in zip(made, bases, strict=True)]
        top = make_index(pairs, request.annotations)
        _push_once(registry, top)
    return top, stored, sum(one.sent_bytes for one in pushed)


def _config_blob(config: bytes) -> Blob:
    return Blob("image config", CONFIG, (config,), digest=Digest.of(config))


def _push_once(registry: Registry, manifest: Manifest) -> Descriptor:
    if registry.find_digest(str(manifest.digest)) == manifest.digest:
        return manifest.descriptor
    return registry.push_manifest(manifest)


def _write_tag(registry: Registry, top: Manifest, tag: str) -> None:
    if registry.find_digest(tag) == top.digest:
        return
    registry.push_manifest(top, tag)
    found = registry.find_digest(tag)
    if found != top.digest:
        raise RegistryError(
            f"The tag {tag} of {registry.name} does not name what was pushed.",
            why=f"it names {found}, the image is {top.digest}: somebody else may have written it",
            fix=(f"use the digest: {registry.name}@{top.digest}", "or run the same command again"),
        )
