"""An image in a registry -> what is attached to it, read whole and its digests checked."""

from dataclasses import dataclass

from llmplat.domain.errors import InputError, RegistryError
from llmplat.domain.oci import Descriptor, Digest
from llmplat.domain.registry import Registry
from llmplat.pack.image import fetch_whole

_MOST_BYTES = 32 * 1024 * 1024
"""Of one attached document; ours are some kilobytes a thousand files."""


@dataclass(frozen=True)
class Attached:
    """One attached document, or why it cannot be read."""

    digest: Digest
    """Of the manifest that attaches it."""
    media_type: str
    content: bytes
    problem: str | None = None


def read_attached(registry: Registry, subject: Digest) -> tuple[Attached, ...]:
    """All that is attached to `subject`; RegistryError when the registry cannot be asked."""
    return tuple(_read(registry, entry) for entry in registry.referrers(subject))


def _read(registry: Registry, entry: Descriptor) -> Attached:
    kind = entry.artifact_type or ""
    try:
        manifest = registry.find_manifest(str(entry.digest))
        if manifest is None:
            return Attached(entry.digest, kind, b"", "it is listed, and it is not there")
        document = manifest.document
        (layer,) = document["layers"]
        blob = Descriptor.parse(layer)
        content = fetch_whole(registry, blob, _MOST_BYTES)
    except (InputError, RegistryError) as exc:
        return Attached(entry.digest, kind, b"", exc.why or exc.what)
    except (KeyError, TypeError, ValueError) as exc:
        return Attached(entry.digest, kind, b"", f"it is no attached document ({exc!r})")
    return Attached(entry.digest, blob.media_type, content)
