"""A ModelSource -> a ModelRecord: hashes, tensor sizes and config facts, without fetching the weights."""

import hashlib
from typing import Any

from llmplat.adapters.model_selection import WEIGHTS, select_files
from llmplat.adapters.model_source_demo import PackageSource
from llmplat.adapters.model_source_folder import FolderSource
from llmplat.adapters.model_source_oci import ImageSource
from llmplat.adapters.safetensors_read import broken_file, read_tensors
from llmplat.domain.foreign_text import parse_json
from llmplat.domain.model_record import ModelRecord, digest_files
from llmplat.domain.ports import ModelFile, ModelSource, Progress, StepProgress
from llmplat.fit.config_facts import read_config_facts

INDEX = "model.safetensors.index.json"


def describe_model(reader: ModelSource, source: str, progress: Progress) -> ModelRecord:
    """What `reader` holds; files whose hash nothing states or pins are read to find it.

    Raises:
        InputError: no config.json, no tokenizer, no or broken safetensors; each file is named.
        DownloadError: the source cannot be read.
    """
    if isinstance(reader, PackageSource):
        return reader.record()
    with progress.step(f"Look at {source}") as step:
        chosen = select_files(reader.list(), source)
        config = _read_object(reader, chosen, "config.json", source)
        _check_index(reader, chosen, source)
        weights_bytes = sum(
            _tensors_bytes(reader, file, source) for file in chosen if file.path.endswith(WEIGHTS)
        )
        if isinstance(reader, ImageSource):
            # Its digest pins every byte; large files are hashed when they are pulled.
            files, digest = chosen, reader.revision
        else:
            files = tuple(_with_hash(reader, file, step) for file in chosen)
            digest = digest_files(files)
        revision = digest if isinstance(reader, FolderSource) else reader.revision
        step.detail(revision[:19])
    return ModelRecord(revision, digest, files, weights_bytes, read_config_facts(config))


def check_folder(folder: FolderSource, source: str) -> None:
    """Refuse a folder that an engine could not load; raises InputError naming the file."""
    chosen = select_files(folder.list(), source)
    _read_object(folder, chosen, "config.json", source)
    _check_index(folder, chosen, source)
    for file in chosen:
        if file.path.endswith(WEIGHTS):
            _tensors_bytes(folder, file, source)


def _with_hash(reader: ModelSource, file: ModelFile, step: StepProgress) -> ModelFile:
    if file.sha256 is not None:
        return file
    if isinstance(reader, FolderSource):
        return ModelFile(file.path, file.size_bytes, reader.sha256(file.path, step))
    digest, done_bytes = hashlib.sha256(), 0
    for chunk in reader.stream(file.path):
        digest.update(chunk)
        done_bytes += len(chunk)
        step.advance(done_bytes, file.size_bytes)
    return ModelFile(file.path, file.size_bytes, digest.hexdigest())


def _tensors_bytes(reader: ModelSource, file: ModelFile, source: str) -> int:
    return sum(tensor.size_bytes for tensor in read_tensors(reader, file, source))


def _check_index(reader: ModelSource, files: tuple[ModelFile, ...], source: str) -> None:
    names = {file.path for file in files}
    if INDEX not in names:
        return
    shards = _read_object(reader, files, INDEX, source).get("weight_map")
    wanted = {str(name) for name in shards.values()} if isinstance(shards, dict) else set()
    missing = sorted(wanted - set(names))
    if missing:
        why = f"it names {len(wanted)} files, {len(missing)} are missing: {', '.join(missing[:3])}"
        raise broken_file(source, INDEX, why)


def _read_object(
    reader: ModelSource, files: tuple[ModelFile, ...], path: str, source: str
) -> dict[str, Any]:
    size_bytes = next(file.size_bytes for file in files if file.path == path)
    try:
        document = parse_json(reader.read_range(path, 0, size_bytes))
    except ValueError as exc:
        raise broken_file(source, path, f"it is not JSON ({exc})") from exc
    if not isinstance(document, dict):
        raise broken_file(source, path, "it is not a JSON object")
    return document
