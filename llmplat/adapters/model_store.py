"""A pinned model -> its verified folder in the store, fetched so that any interruption can be taken up."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmplat.adapters.atomic_file import write_whole
from llmplat.adapters.disk_space import require_space
from llmplat.adapters.file_lock import hold
from llmplat.adapters.hash_index import hash_file
from llmplat.adapters.model_fetch import fetch_files, missing_bytes
from llmplat.domain.errors import DownloadError, InputError
from llmplat.domain.foreign_text import parse_json
from llmplat.domain.mirror import ANYWHERE, FetchFrom
from llmplat.domain.model_record import ModelRecord, PinnedFile, PinnedModel, digest_files
from llmplat.domain.ports import ModelFile, ModelSource, Progress
from llmplat.domain.units import format_size
from llmplat.fit.config_facts import read_config_facts

_DEMO = "demo://"


@dataclass(frozen=True)
class StoredModel:
    """A whole, verified model on this machine."""

    path: Path
    """The folder to give to the engine; of a file:// source the user's own."""
    digest: str
    files: tuple[ModelFile, ...]
    config: Mapping[str, Any]
    """The facts of config.json that planning reads."""
    weights_bytes: int


def model_folder(cache: Path, digest: str) -> Path:
    """Where the store keeps the model with that digest."""
    return cache / "models" / _hex(digest)


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def ensure_model(
    source: str,
    locked: PinnedModel | None,
    cache: Path,
    progress: Progress,
    *,
    runtime: str = "vllm-cpu",
    fetch: FetchFrom = ANYWHERE,
) -> StoredModel:
    """The model `source`, exactly as `locked` pins it (as it is now, when None).

    Files of a `file://` source stay where they are: weights are large, and the folder is the
    user's. Everything else ends in `<cache>/models/<digest>/`, read-only. Killed at any moment,
    the next call goes on where this one was; a second call at the same time waits.
    `runtime` is the environment that may have to convert a bundled model; `fetch` says where
    packages and models come from.

    Raises:
        InputError: the source does not exist or cannot be served (named file, byte figures).
        DownloadError: not reachable, or other bytes than the lock pins.
        PreconditionError: too little disk, a gated model.
    """
    if source.startswith("file://"):
        return _in_place(source, locked, cache, progress)
    locked = locked or _remembered(source, cache)
    if locked is not None and _is_untouched(model_folder(cache, locked.digest), locked):
        return _stored(cache, locked)
    from llmplat.adapters.model_describe import describe_model  # noqa: PLC0415 (slow, not needed for a stored model)
    from llmplat.adapters.model_source import open_source  # noqa: PLC0415 (the same)
    from llmplat.adapters.model_source_demo import Workshop  # noqa: PLC0415 (the same)

    workshop = Workshop(cache, progress, runtime, fetch)
    revision = locked.revision if locked is not None else None
    reader = open_source(source, revision=revision, workshop=workshop)
    pinned = locked or describe_model(reader, source, progress)
    with hold(cache / "downloads" / f"{_hex(pinned.digest)}.lock"):
        if not _is_whole(model_folder(cache, pinned.digest), pinned):
            _fetch(reader, source, pinned, cache, progress)
    if source.startswith(_DEMO):
        _remember(source, pinned, cache)
    return _stored(cache, pinned)


def _fetch(
    reader: ModelSource, source: str, pinned: PinnedModel, cache: Path, progress: Progress
) -> None:
    from llmplat.adapters.model_describe import check_folder  # noqa: PLC0415 (the same)
    from llmplat.adapters.model_source_demo import PackageSource  # noqa: PLC0415 (the same)
    from llmplat.adapters.model_source_folder import FolderSource  # noqa: PLC0415 (the same)
    from llmplat.adapters.model_source_oci import ImageSource  # noqa: PLC0415 (the same)

    folder = cache / "downloads" / _hex(pinned.digest)
    if isinstance(reader, ImageSource):
        pinned = reader.with_hashes(pinned)
        reader.hand_over(pinned.files, folder)
    fix = "free some space, or set LLMPLAT_CACHE_HOME to a larger disk"
    require_space(folder, missing_bytes(folder, pinned.files), f"the model {source}", fix=fix)
    with progress.step(f"Fetch {source}") as step:
        fetch_files(reader, pinned.files, folder, step)
        check_folder(FolderSource(folder), source)
        step.detail(f"{len(pinned.files)} files, {format_size(_total_bytes(pinned))}")
    if isinstance(reader, PackageSource | ImageSource):
        # Before the rename: killed in between, the next run finds every file here.
        reader.clean()
    store = model_folder(cache, pinned.digest)
    store.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(store)
    _note(store, pinned)


def _memory(source: str, cache: Path) -> Path:
    return cache / "models" / "demos" / f"{source.removeprefix(_DEMO)}.json"


def _remember(source: str, pinned: PinnedModel, cache: Path) -> None:
    """Note which of a demo's two homes was taken, so that without a lock it stays that one."""
    files = [[file.path, file.size_bytes, file.sha256] for file in pinned.files]
    document = {"revision": pinned.revision, "files": files, "weights_bytes": pinned.weights_bytes}
    file = _memory(source, cache)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps(document, sort_keys=True).encode())


def _remembered(source: str, cache: Path) -> PinnedModel | None:
    if not source.startswith(_DEMO):
        return None
    try:
        document = parse_json(_memory(source, cache).read_bytes())
        files = tuple(ModelFile(*entry) for entry in document["files"])
        revision, weights_bytes = document["revision"], document["weights_bytes"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    record = ModelRecord(revision, digest_files(files), files, weights_bytes, {})
    return record if _is_untouched(model_folder(cache, record.digest), record) else None


def _is_untouched(folder: Path, pinned: PinnedModel) -> bool:
    """Whether every file is as it was when it was verified; changes nothing, opens no weights."""
    noted = _read_note(folder)
    return all(_stamp(folder / file.path) == noted.get(file.path) for file in pinned.files)


def _is_whole(folder: Path, pinned: PinnedModel) -> bool:
    """Whether the store has every byte; a file touched since is hashed again, a bad one dropped.

    To be called by the holder of the download's lock.
    """
    if not folder.is_dir():
        return False
    noted = _read_note(folder)
    touched = [file for file in pinned.files if _stamp(folder / file.path) != noted.get(file.path)]
    bad = [file for file in touched if not _is_same(folder / file.path, file)]
    if bad:
        aside = folder.parent.parent / "downloads" / _hex(pinned.digest)
        # The good files are kept: the folder becomes a half-done download again.
        for file in bad:
            (folder / file.path).unlink(missing_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
        aside.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(aside)
        return False
    if touched:
        _note(folder, pinned)
    return True


def _is_same(path: Path, file: PinnedFile) -> bool:
    try:
        return path.stat().st_size == file.size_bytes and hash_file(path) == file.sha256
    except OSError:
        return False


def _note(folder: Path, pinned: PinnedModel) -> None:
    stamps = {file.path: _stamp(folder / file.path) for file in pinned.files}
    write_whole(folder.with_suffix(".json"), json.dumps(stamps, sort_keys=True).encode())


def _read_note(folder: Path) -> dict[str, object]:
    try:
        noted = parse_json(folder.with_suffix(".json").read_bytes())
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _stamp(path: Path) -> list[int]:
    try:
        found = path.stat()
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def _stored(cache: Path, pinned: PinnedModel) -> StoredModel:
    folder = model_folder(cache, pinned.digest)
    config = parse_json((folder / "config.json").read_bytes())
    return StoredModel(
        path=folder,
        digest=pinned.digest,
        files=tuple(ModelFile(f.path, f.size_bytes, f.sha256) for f in pinned.files),
        config=read_config_facts(config),
        weights_bytes=pinned.weights_bytes,
    )


def _in_place(
    source: str, locked: PinnedModel | None, cache: Path, progress: Progress
) -> StoredModel:
    from llmplat.adapters.model_describe import describe_model  # noqa: PLC0415 (the same)
    from llmplat.adapters.model_source import open_source  # noqa: PLC0415 (the same)
    from llmplat.adapters.model_source_demo import Workshop  # noqa: PLC0415 (the same)
    from llmplat.adapters.model_source_folder import FolderSource  # noqa: PLC0415 (the same)

    reader = open_source(source, workshop=Workshop(cache, progress))
    if not isinstance(reader, FolderSource):
        raise InputError(f"The source {source} is no folder.", fix=("use file:///folder",))
    record = describe_model(reader, source, progress)
    if locked is not None and _hex(locked.digest) != _hex(record.digest):
        raise _changed(source, locked, record)
    return StoredModel(
        reader.root, record.digest, record.files, record.config, record.weights_bytes
    )


def _changed(source: str, locked: PinnedModel, record: ModelRecord) -> DownloadError:
    wanted = {file.path: file for file in locked.files}
    found = {file.path: file for file in record.files}
    path = next(
        name
        for name in sorted({*wanted, *found})
        if name not in wanted or name not in found or wanted[name].sha256 != found[name].sha256
    )
    expected = wanted[path].sha256 if path in wanted else "no such file"
    actual = found[path].sha256 if path in found else "no such file"
    return DownloadError(
        f"hash mismatch: {path} in {source} is not the file that the lock pins.",
        why=f"expected sha256 {expected}, it is {actual}",
        fix=("llmplat lock", "or put the old files back"),
    )


def _total_bytes(pinned: PinnedModel) -> int:
    return sum(file.size_bytes for file in pinned.files)
