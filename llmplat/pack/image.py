"""A reference in a registry -> the image there: its manifests, configs and layers, digests checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmplat.domain.errors import InputError, RegistryError
from llmplat.domain.foreign_text import parse_json
from llmplat.domain.oci import DOCKER_INDEX, INDEX, Descriptor, Digest, Manifest, Reference
from llmplat.domain.registry import Registry

_MOST_CONFIG_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class PlatformImage:
    """One platform's image manifest, taken apart."""

    manifest: Manifest
    config_descriptor: Descriptor
    config: Mapping[str, Any]
    layers: tuple[Descriptor, ...]

    @property
    def platform(self) -> str:
        """As os/architecture."""
        return f"{self.config.get('os', '?')}/{self.config.get('architecture', '?')}"

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """Digests of the uncompressed layers, as the config states them."""
        rootfs = self.config.get("rootfs")
        found = rootfs.get("diff_ids") if isinstance(rootfs, Mapping) else None
        return tuple(str(one) for one in found) if isinstance(found, list) else ()


@dataclass(frozen=True)
class Image:
    """What a reference stands for."""

    reference: Reference
    """Pinned by digest."""
    top: Manifest
    """The image manifest, or the index over several."""
    platforms: tuple[PlatformImage, ...]

    @property
    def layers(self) -> tuple[Descriptor, ...]:
        """The layers of all platforms, each once, in order."""
        found = {layer.digest: layer for one in self.platforms for layer in one.layers}
        return tuple(found.values())

    @property
    def annotations(self) -> Mapping[str, str]:
        """Of the manifest that the reference names."""
        found = self.top.document.get("annotations")
        return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def read_image(registry: Registry, reference: Reference) -> Image:
    """The image that `reference` names; every manifest and config is what its digest says.

    Raises:
        InputError: there is none of that name, or it is no image.
        RegistryError: a part of it is missing, or is not what its digest says.
    """
    name = str(reference.digest or reference.tag or "latest")
    top = registry.find_manifest(name)
    if top is None:
        raise InputError(
            f"There is no image {reference}.",
            why=f"{registry.name} has nothing named {name}",
            fix=("check the repository and the tag or digest",),
        )
    try:
        platforms = tuple(_platform(registry, one) for one in _manifests(registry, top))
    except (KeyError, TypeError, AttributeError, ValueError) as exc:
        raise _no_image(reference, f"its manifest is not one of an image ({exc!r})") from exc
    if not platforms:
        raise _no_image(reference, "its index names no image")
    return Image(reference.pinned(top.digest), top, platforms)


def fetch_whole(registry: Registry, blob: Descriptor, most_bytes: int) -> bytes:
    """A small blob, its digest checked; RegistryError when it is missing, large or another."""
    if blob.size_bytes > most_bytes:
        raise _broken(registry, blob, f"it has {blob.size_bytes} bytes, {most_bytes} are the most")
    content = registry.read_blob(blob.digest, 0, blob.size_bytes)
    if Digest.of(content) != blob.digest:
        raise _broken(registry, blob, f"its bytes are those of {Digest.of(content)}")
    return content


def _manifests(registry: Registry, top: Manifest) -> tuple[Manifest, ...]:
    if top.media_type not in {INDEX, DOCKER_INDEX}:
        return (top,)
    entries = [Descriptor.parse(one) for one in top.document["manifests"]]
    # BuildKit lists its attestations as manifests of the platform unknown/unknown.
    images = [one for one in entries if ("os", "unknown") not in one.platform]
    return tuple(_entry(registry, one) for one in images)


def _entry(registry: Registry, entry: Descriptor) -> Manifest:
    found = registry.find_manifest(str(entry.digest))
    if found is None:
        raise _broken(registry, entry, "the index names it, and it is not there")
    return found


def _platform(registry: Registry, manifest: Manifest) -> PlatformImage:
    document = manifest.document
    config = Descriptor.parse(document["config"])
    layers = tuple(Descriptor.parse(one) for one in document["layers"])
    facts = parse_json(fetch_whole(registry, config, _MOST_CONFIG_BYTES))
    if not isinstance(facts, dict):
        msg = "its config is not a JSON object"
        raise TypeError(msg)
    return PlatformImage(manifest, config, facts, layers)


def _no_image(reference: Reference, why: str) -> InputError:
    return InputError(
        f"{reference} is no image of a model.",
        why=why,
        fix=("give an image that `llmplat package-model` made, or another modelcar",),
    )


def _broken(registry: Registry, blob: Descriptor, why: str) -> RegistryError:
    return RegistryError(
        f"{blob.digest} of {registry.name} cannot be used.",
        why=why,
        fix=("push the image again",),
    )
