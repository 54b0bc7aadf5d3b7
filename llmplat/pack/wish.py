"""What a user asks of packaging, and where the image then is."""

from dataclasses import dataclass
from pathlib import Path

from llmplat.domain.mirror import ANYWHERE, FetchFrom
from llmplat.pack.request import PackReport


@dataclass(frozen=True)
class PackWish:
    """What the user asks of packaging."""

    source: str
    reference: str | None = None
    layout: Path | None = None
    base: str | None = None
    is_sidecar: bool = False
    """Upon the base that KServe's sidecar mode needs."""
    sign: Path | None = None
    has_file_digests: bool = False
    allow_pickle: bool = False
    plain_http: bool = False
    fetch: FetchFrom = ANYWHERE
    """Where a model of a hub is read."""


@dataclass(frozen=True)
class Packaged:
    """The image, and where it is."""

    source: str
    reference: str
    """registry/repository@digest, or FOLDER@digest for a layout."""
    tag: str | None
    is_signed: bool
    report: PackReport
