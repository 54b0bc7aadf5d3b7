"""A small model as files to be packed, and packed into a registry."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from llmplat.catalog.registries import find_registry
from llmplat.domain.registry import Registry
from llmplat.domain.signing import Signer
from llmplat.pack.attach import make_attach
from llmplat.pack.described import About
from llmplat.pack.package import package
from llmplat.pack.request import PackFile, PackReport, PackRequest
from tests.fakes.recording_progress import RecordingProgress
from tests.fakes.small_model import small_model

REPOSITORY = "registry.test:5000/team/model"


@dataclass(frozen=True)
class BytesMember:
    """A Member in memory."""

    content: bytes
    local_file: str | None = None

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    def stream(self, start: int = 0) -> Iterator[bytes]:
        yield self.content[start:]

    def check(self) -> None:
        """It cannot change."""


def pack_files(content: dict[str, bytes], *, with_hashes: bool = True) -> tuple[PackFile, ...]:
    return tuple(
        PackFile(path, BytesMember(data), hashlib.sha256(data).hexdigest() if with_hashes else None)
        for path, data in sorted(content.items())
    )


def pack_small_model(
    registry: Registry,
    signer: Signer | None = None,
    *,
    tag: str = "v1",
    weights_bytes: int = 9_000_000,
    with_hashes: bool = True,
    wrong_hash_of: str = "",
) -> PackReport:
    """A model of one large and some small files, packed, described and perhaps signed."""
    about = About(
        REPOSITORY,
        source="hf://org/tiny",
        revision="c0ffee" * 6 + "abcd",
        licence="apache-2.0",
        config={"model_type": "llama", "architectures": ["LlamaForCausalLM"]},
    )
    files = pack_files(small_model(weights_bytes), with_hashes=with_hashes)
    files = tuple(
        replace(file, sha256="0" * 64) if file.path == wrong_hash_of else file for file in files
    )
    progress = RecordingProgress()
    attach = make_attach(about, registry, signer, progress)
    request = PackRequest(files, "hf://org/tiny")
    return package(request, registry, find_registry("registry.test"), tag, progress, attach)
