"""A model's folder or repository -> config.json, hf_quant_config.json and the sizes of its tensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmplat.adapters.model_config_file import (
    ANALYTIC,
    CONFIG,
    INDEX,
    MAX_JSON_BYTES,
    QUANT,
    gguf_refused,
    no_config,
    parse_object,
)
from llmplat.adapters.model_selection import WEIGHTS, wanted_files
from llmplat.adapters.model_source_folder import FolderSource
from llmplat.adapters.safetensors_read import read_all_tensors
from llmplat.domain.errors import InputError
from llmplat.domain.ports import ModelFile, ModelSource
from llmplat.fit.inputs import Checkpoint, StoredTensor
from llmplat.fit.quantization import merge_hf_quant
from llmplat.plan.fit_model import FoundModel

_ADAPTER = "adapter_config.json"
_PICKLES = (".bin", ".pt", ".pth")


def read_folder(root: Path) -> FoundModel:
    """The model in the folder `root`."""
    return read_reader(FolderSource(root), str(root), str(root), revision=None)


def read_reader(reader: ModelSource, name: str, origin: str, *, revision: str | None) -> FoundModel:
    """The model that `reader` holds; of the weights, only headers are read.

    Raises InputError: no config.json (GGUF and adapters are told apart), a broken file.
    """
    files = {file.path: file for file in reader.list()}
    if CONFIG not in files:
        raise _refusal(reader, files, name)
    config = _read(reader, files[CONFIG], name)
    if QUANT in files:
        config = merge_hf_quant(config, _read(reader, files[QUANT], name))
    checkpoint, notes = _checkpoint(reader, files, name)
    return FoundModel(name, origin, revision, config, checkpoint, notes)


def _checkpoint(
    reader: ModelSource, files: Mapping[str, ModelFile], name: str
) -> tuple[Checkpoint | None, tuple[str, ...]]:
    index = next((file for path, file in files.items() if path.endswith(INDEX)), None)
    stated = _read(reader, index, name) if index is not None else {}
    weights = [file for file in wanted_files(tuple(files.values())) if file.path.endswith(WEIGHTS)]
    missing = _missing(stated, files)
    if weights and not missing:
        tensors = read_all_tensors(reader, weights, name)
        stored = tuple(StoredTensor(t.name, t.dtype, t.shape) for t in tensors)
        return Checkpoint(tensors=stored), ()
    total_bytes = _total_bytes(stated)
    if total_bytes is not None:
        told = f"{len(missing)} files of the index are not here: its total size is taken"
        return Checkpoint(total_bytes=total_bytes), (told,)
    pickled = any(path.endswith(_PICKLES) for path in files)
    return None, (f"{ANALYTIC}{' (pickles are not read)' if pickled else ''}",)


def _missing(index: Mapping[str, Any], files: Mapping[str, ModelFile]) -> list[str]:
    shards = index.get("weight_map")
    wanted = set(map(str, shards.values())) if isinstance(shards, dict) else set()
    return sorted(wanted - set(files))


def _total_bytes(index: Mapping[str, Any]) -> int | None:
    metadata = index.get("metadata")
    total = metadata.get("total_size") if isinstance(metadata, dict) else None
    is_sound = isinstance(total, (int, float)) and not isinstance(total, bool) and total > 0
    return int(total) if total is not None and is_sound else None


def _read(reader: ModelSource, file: ModelFile, name: str) -> dict[str, Any]:
    size_bytes = min(file.size_bytes, MAX_JSON_BYTES + 1)
    return parse_object(reader.read_range(file.path, 0, size_bytes), name, file.path)


def _refusal(reader: ModelSource, files: Mapping[str, ModelFile], name: str) -> InputError:
    if _ADAPTER in files:
        base = _read(reader, files[_ADAPTER], name).get("base_model_name_or_path")
        known = isinstance(base, str) and base
        return InputError(
            f"{name} is an adapter, not a model.",
            why=f"it has {_ADAPTER} and no {CONFIG}; its weights go on top of {base or 'another model'}",
            fix=(f"llmplat gpu-fit {base}" if known else "measure the model it was made for",),
        )
    gguf = next((path for path in files if path.lower().endswith(".gguf")), None)
    return gguf_refused(name, gguf) if gguf else no_config(name, tuple(files))
