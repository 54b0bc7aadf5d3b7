"""Digests of layers -> the image config, manifest and index, the same bytes wherever they are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmplat.domain.errors import InputError
from llmplat.domain.foreign_text import parse_json
from llmplat.domain.oci import (
    CONFIG,
    INDEX,
    LAYER_TAR,
    MANIFEST,
    Descriptor,
    Digest,
    Manifest,
    canonical_json,
)
from llmplat.pack.request import Platform

_DOCKER_LAYERS = {
    "application/vnd.docker.image.rootfs.diff.tar.gzip": f"{LAYER_TAR}+gzip",
    "application/vnd.docker.image.rootfs.diff.tar": LAYER_TAR,
}


@dataclass(frozen=True)
class BaseParts:
    """One platform of a base image, taken apart."""

    layers: tuple[Descriptor, ...]
    config: Mapping[str, Any]
    """Its image config."""

    @property
    def platform(self) -> Platform:
        """What it runs on."""
        names = ("architecture", "os", "variant")
        return tuple((name, str(self.config[name])) for name in names if self.config.get(name))


def scratch(platform: Platform) -> BaseParts:
    """No base at all: an image volume needs none."""
    return BaseParts((), dict(platform))


def parse_base(manifest: Manifest, config: bytes) -> BaseParts:
    """A base's manifest and config -> its parts; InputError when it is no image."""
    try:
        layers = tuple(_oci_layer(Descriptor.parse(one)) for one in manifest.document["layers"])
        facts = parse_json(config)
        diff_ids = facts["rootfs"]["diff_ids"]
    except (KeyError, TypeError, ValueError) as exc:
        raise _no_image(manifest, f"{type(exc).__name__}: {exc}") from exc
    if len(diff_ids) != len(layers):
        raise _no_image(manifest, f"{len(layers)} layers, {len(diff_ids)} diff ids")
    return BaseParts(layers, facts)


def make_config(base: BaseParts, layers: Sequence[Descriptor]) -> bytes:
    """The image config: the base's own settings, then `layers` (uncompressed tar); no clock."""
    rootfs = base.config.get("rootfs", {})
    diff_ids = [*rootfs.get("diff_ids", ()), *(str(layer.digest) for layer in layers)]
    document = {
        **{key: value for key, value in base.config.items() if key != "created"},
        "config": base.config.get("config") or {},
        "history": [*(base.config.get("history") or ()), *(_history(layer) for layer in layers)],
        "rootfs": {"diff_ids": diff_ids, "type": "layers"},
    }
    return canonical_json(document)


def make_manifest(
    base: BaseParts,
    layers: Sequence[Descriptor],
    config: bytes,
    annotations: Mapping[str, str],
) -> Manifest:
    """The image manifest over the base's layers and `layers`."""
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": Descriptor(CONFIG, Digest.of(config), len(config)).document(),
        "layers": [layer.document() for layer in (*base.layers, *layers)],
    }
    if annotations:
        document["annotations"] = dict(annotations)
    return Manifest(MANIFEST, canonical_json(document))


def make_index(
    manifests: Sequence[tuple[Manifest, Platform]], annotations: Mapping[str, str]
) -> Manifest:
    """The index over one manifest per platform."""
    entries = [
        Descriptor(made.media_type, made.digest, len(made.content), platform=platform).document()
        for made, platform in manifests
    ]
    document: dict[str, Any] = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    if annotations:
        document["annotations"] = dict(annotations)
    return Manifest(INDEX, canonical_json(document))


def _history(layer: Descriptor) -> dict[str, str]:
    names = dict(layer.annotations)
    return {"created_by": "llmplat package-model", "comment": "".join(names.values())}


def _oci_layer(layer: Descriptor) -> Descriptor:
    media_type = _DOCKER_LAYERS.get(layer.media_type, layer.media_type)
    return Descriptor(media_type, layer.digest, layer.size_bytes, layer.annotations)


def _no_image(manifest: Manifest, why: str) -> InputError:
    return InputError(
        f"The base {manifest.digest} is no image that layers can be put upon.",
        why=why,
        fix=("give --base an image by its digest, or leave it out",),
    )
