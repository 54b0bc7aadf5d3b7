"""The words of the OCI image and distribution specifications as values: digest, descriptor, reference."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmplat.domain.errors import InputError
from llmplat.domain.foreign_text import parse_json

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER_TAR = "application/vnd.oci.image.layer.v1.tar"
EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"

_HEX = re.compile(r"[0-9a-f]{64}")
_REGISTRY = re.compile(
    r"(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::\d{1,5})?"
)
_REPOSITORY = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_REPOSITORY_MOST_CHARS = 255


@dataclass(frozen=True, order=True)
class Digest:
    """A sha256 digest; only this algorithm, which every registry takes."""

    hex: str

    def __str__(self) -> str:
        return f"sha256:{self.hex}"

    @classmethod
    def of(cls, content: bytes) -> "Digest":
        """The digest of `content`."""
        return cls(hashlib.sha256(content).hexdigest())

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """The digest `text` spells as "sha256:" and 64 hex digits; InputError for anything else."""
        algorithm, _, found = text.partition(":")
        if algorithm != "sha256" or not _HEX.fullmatch(found):
            raise InputError(
                f"{text!r} is not a digest.",
                why="a digest is sha256: and 64 hex digits in lower case",
                fix=("copy the digest whole, as `llmplat package-model` printed it",),
            )
        return cls(found)


@dataclass(frozen=True)
class Descriptor:
    """What a manifest says of a blob or of another manifest."""

    media_type: str
    digest: Digest
    size_bytes: int
    annotations: tuple[tuple[str, str], ...] = ()
    """Sorted by name."""
    artifact_type: str | None = None
    platform: tuple[tuple[str, str], ...] = ()
    """architecture and os, for an entry of an index."""

    def document(self) -> dict[str, Any]:
        """As the specification spells it."""
        made: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size_bytes,
        }
        if self.annotations:
            made["annotations"] = dict(self.annotations)
        if self.artifact_type:
            made["artifactType"] = self.artifact_type
        if self.platform:
            made["platform"] = dict(self.platform)
        return made

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "Descriptor":
        """The descriptor `document` spells; raises InputError, KeyError, TypeError or ValueError."""
        return cls(
            str(document["mediaType"]),
            Digest.parse(str(document["digest"])),
            _size(document["size"]),
            _pairs(document.get("annotations")),
            document.get("artifactType"),
            _pairs(document.get("platform")),
        )


@dataclass(frozen=True)
class Manifest:
    """An image manifest or image index as the very bytes its digest is of."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> Digest:
        """Of the bytes."""
        return Digest.of(self.content)

    @property
    def descriptor(self) -> Descriptor:
        """What names it."""
        return Descriptor(self.media_type, self.digest, len(self.content))

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object; ValueError when it is none."""
        found = parse_json(self.content)
        if not isinstance(found, dict):
            msg = "the manifest is not a JSON object"
            raise ValueError(msg)  # noqa: TRY004 (broken content, as broken JSON is)
        return found


@dataclass(frozen=True)
class Reference:
    """Where an image is: registry/repository, with a tag, a digest or both."""

    registry: str
    """Host and, where given, port."""
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"

    def pinned(self, digest: Digest) -> "Reference":
        """The same place at that digest, without the tag."""
        return Reference(self.registry, self.repository, None, digest)

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """What `text` names: registry/repository[:tag][@sha256:hex]; InputError when it is wrong.

        The registry is never guessed: a model that lands on another host than the one meant is
        worse than a refusal.
        """
        rest, at, digest = text.removeprefix("oci://").partition("@")
        registry, slash, path = rest.partition("/")
        if not slash or not _is_host(registry):
            raise _wrong(text, "it does not begin with a registry's host")
        repository, colon, tag = path.partition(":")
        if not _REPOSITORY.fullmatch(repository) or len(repository) > _REPOSITORY_MOST_CHARS:
            raise _wrong(
                text, f"{repository!r} is no repository name (lower case, digits, . _ - /)"
            )
        if colon and not _TAG.fullmatch(tag):
            raise _wrong(text, f"{tag!r} is no tag (letters, digits, . _ -, at most 128)")
        return cls(registry, repository, tag or None, Digest.parse(digest) if at else None)


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """`document` as the same bytes wherever it is written: sorted keys, no spaces, UTF-8."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def _size(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        msg = "the size of a descriptor is a whole number of bytes"
        raise ValueError(msg)
    return value


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    """A mapping of texts, sorted; none for null."""
    if not isinstance(value, Mapping | None):
        msg = "a descriptor's annotations and platform are mappings"
        raise TypeError(msg)
    return tuple(sorted((str(k), str(v)) for k, v in (value or {}).items()))


def _is_host(text: str) -> bool:
    if not _REGISTRY.fullmatch(text):
        return False
    return "." in text or ":" in text or text == "localhost"


def _wrong(text: str, why: str) -> InputError:
    return InputError(
        f"{text!r} is not an image reference.",
        why=why,
        fix=("write registry.example.com/team/model:tag",),
    )
