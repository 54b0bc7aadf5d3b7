"""What the user names as a model -> the files to package and what is known of where they come from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llmplat.adapters.hub_claims import HubClaims, read_claims
from llmplat.adapters.model_source_demo import Workshop
from llmplat.adapters.pack_members import list_folder, list_source
from llmplat.domain.errors import InputError
from llmplat.domain.mirror import ANYWHERE, FetchFrom
from llmplat.domain.ports import Progress
from llmplat.pack.request import PackFile


@dataclass(frozen=True)
class SourceFiles:
    """The files of a model, and its origin as far as it is known."""

    files: tuple[PackFile, ...]
    shown: str
    """As the user named it."""
    source: str | None = None
    """hf://org/name or demo://name; None for a folder that no hub's tool made."""
    revision: str | None = None
    is_pinned: bool = False
    """The source and revision decide the bytes; else they are a claim of the folder's notes."""
    are_hashes_computed: bool = False


def open_pack_source(
    source: str, cache: Path, progress: Progress, fetch: FetchFrom = ANYWHERE
) -> SourceFiles:
    """The files of `source`: a folder, file:///folder, hf://org/name@revision or demo://name.

    `fetch` says where hubs and packages are read.

    Raises:
        InputError: no such source, a broken link, a scheme that is not packaged.
        DownloadError: the hub cannot be read.
    """
    scheme, separator, rest = source.partition("://")
    if not separator:
        return _folder(Path(source).expanduser(), source)
    if scheme == "file":
        return _folder(Path(rest), source)
    if scheme == "demo":
        return _demo(source, Workshop(cache, progress, fetch=fetch))
    if scheme == "hf":
        return _hub(source, Workshop(cache, progress, fetch=fetch))
    raise InputError(
        f"The source {source} cannot be packaged.",
        why=f"a folder, hf://, demo:// and oci:// can, {scheme}:// cannot",
        fix=("download it, then give the folder",),
    )


def with_computed_hashes(found: SourceFiles, progress: Progress) -> SourceFiles:
    """`found` with the hash of every file computed from its bytes: one more read of all of them.

    Raises InputError where the source claims another hash than the bytes have.
    """
    total_bytes = sum(file.member.size_bytes for file in found.files)
    hashed: list[PackFile] = []
    with progress.step("Hash the files") as step:
        done_bytes = 0
        for file in found.files:
            digest = hashlib.sha256()
            for chunk in file.member.stream():
                digest.update(chunk)
                done_bytes += len(chunk)
                step.advance(done_bytes, total_bytes)
            hashed.append(replace(file, sha256=_same(file, digest.hexdigest())))
    return replace(found, files=tuple(hashed), are_hashes_computed=True)


def _same(file: PackFile, computed: str) -> str:
    if file.sha256 not in {None, computed}:
        raise InputError(
            f"hash mismatch: {file.path} is not the file that its hub states.",
            why=f"the hub states sha256 {file.sha256}, its bytes have {computed}",
            fix=("download that file again", "look for a proxy that changes files"),
        )
    return computed


def _folder(root: Path, shown: str) -> SourceFiles:
    files = list_folder(root)
    claims = read_claims(root, [file.path for file in files])
    return SourceFiles(_claimed(files, claims), shown, claims.source, claims.revision)


def _claimed(files: Sequence[PackFile], claims: HubClaims) -> tuple[PackFile, ...]:
    return tuple(replace(file, sha256=claims.sha256.get(file.path)) for file in files)


def _hub(source: str, workshop: Workshop) -> SourceFiles:
    from llmplat.adapters.model_source import open_source  # noqa: PLC0415 (httpx is slow to import)
    from llmplat.adapters.model_source_hub import HubSource  # noqa: PLC0415 (the same)

    reader = open_source(source, workshop=workshop)
    repository = reader.repository if isinstance(reader, HubSource) else source
    files = list_source(reader)
    return SourceFiles(files, source, f"hf://{repository}", reader.revision, is_pinned=True)


def _demo(source: str, workshop: Workshop) -> SourceFiles:
    from llmplat.adapters.model_source import open_source  # noqa: PLC0415 (slow, needed here only)
    from llmplat.adapters.model_store import ensure_model  # noqa: PLC0415 (the same)

    revision = open_source(source, workshop=workshop).revision
    stored = ensure_model(source, None, workshop.cache, workshop.progress, fetch=workshop.fetch)
    hashes = {file.path: file.sha256 for file in stored.files}
    files = tuple(replace(file, sha256=hashes.get(file.path)) for file in list_folder(stored.path))
    return SourceFiles(files, source, source, revision, is_pinned=True, are_hashes_computed=True)
