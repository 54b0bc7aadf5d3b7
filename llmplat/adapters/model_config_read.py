"""A model's folder or repository -> config.json, hf_quant_config.json and the sizes of its tensors."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmplat.adapters.model_selection import WEIGHTS, wanted_files
from llmplat.adapters.model_source_folder import FolderSource
from llmplat.adapters.safetensors_read import broken_file, read_all_tensors
from llmplat.domain.errors import InputError
from llmplat.domain.ports import ModelFile, ModelSource
from llmplat.fit.inputs import Checkpoint, StoredTensor
from llmplat.fit.quantization import merge_hf_quant
from llmplat.plan.fit_model import FoundModel

_CONFIG = "config.json"
_QUANT = "hf_quant_config.json"
_INDEX = ".safetensors.index.json"
_ADAPTER = "adapter_config.json"
_PICKLES = (".bin", ".pt", ".pth")
_MAX_JSON_BYTES = 64 * 1024 * 1024


def read_folder(root: Path) -> FoundModel:
    """The model in the folder `root`."""
    return read_reader(FolderSource(root), str(root), str(root), revision=None)


def read_single(path: Path) -> FoundModel:
    """The model of a config.json alone, and of the hf_quant_config.json beside it."""
    if path.suffix.lower() == ".gguf":
        raise _gguf(str(path), path.name)
    if path.suffix == WEIGHTS or path.name.endswith(_INDEX):
        raise _no_config(str(path.parent), ())
    config = _parse(path.read_bytes()[: _MAX_JSON_BYTES + 1], str(path.parent), path.name)
    own = path.with_name(f"{path.stem}.{_QUANT}")
    side = own if own.is_file() else path.with_name(_QUANT)
    if side.is_file():
        quant = _parse(side.read_bytes(), str(path.parent), side.name)
        config = merge_hf_quant(config, quant)
    return FoundModel(str(path), str(path), None, config, None, (_ANALYTIC,))


def read_reader(reader: ModelSource, name: str, origin: str, *, revision: str | None) -> FoundModel:
    """The model that `reader` holds; of the weights, only headers are read.

    Raises InputError: no config.json (GGUF and adapters are told apart), a broken file.
    """
    files = {file.path: file for file in reader.list()}
    if _CONFIG not in files:
        raise _refusal(reader, files, name)
    config = _read(reader, files[_CONFIG], name)
    if _QUANT in files:
        config = merge_hf_quant(config, _read(reader, files[_QUANT], name))
    checkpoint, notes = _checkpoint(reader, files, name)
    return FoundModel(name, origin, revision, config, checkpoint, notes)


_ANALYTIC = "no safetensors files: the weights are worked out from the configuration"


def _checkpoint(
    reader: ModelSource, files: Mapping[str, ModelFile], name: str
) -> tuple[Checkpoint | None, tuple[str, ...]]:
    index = next((file for path, file in files.items() if path.endswith(_INDEX)), None)
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
    return None, (f"{_ANALYTIC}{' (pickles are not read)' if pickled else ''}",)


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
    size_bytes = min(file.size_bytes, _MAX_JSON_BYTES + 1)
    return _parse(reader.read_range(file.path, 0, size_bytes), name, file.path)


def _parse(text: bytes, name: str, path: str) -> dict[str, Any]:
    if len(text) > _MAX_JSON_BYTES:
        raise broken_file(name, path, f"it is larger than {_MAX_JSON_BYTES} bytes")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise broken_file(name, path, f"it is not JSON ({exc})") from exc
    if not isinstance(document, dict):
        raise broken_file(name, path, "it is not a JSON object")
    return document


def _refusal(reader: ModelSource, files: Mapping[str, ModelFile], name: str) -> InputError:
    if _ADAPTER in files:
        base = _read(reader, files[_ADAPTER], name).get("base_model_name_or_path")
        known = isinstance(base, str) and base
        return InputError(
            f"{name} is an adapter, not a model.",
            why=f"it has {_ADAPTER} and no {_CONFIG}; its weights go on top of {base or 'another model'}",
            fix=(f"llmplat gpu-fit {base}" if known else "measure the model it was made for",),
        )
    gguf = next((path for path in files if path.lower().endswith(".gguf")), None)
    return _gguf(name, gguf) if gguf else _no_config(name, tuple(files))


def _gguf(name: str, path: str) -> InputError:
    return InputError(
        f"{name} holds GGUF files, which gpu-fit does not read.",
        why=f"{path} is made for llama.cpp; vLLM's memory is known for safetensors",
        fix=("give the model it was made from, as org/name or a folder with config.json",),
    )


def _no_config(name: str, paths: tuple[str, ...]) -> InputError:
    held = f"; it holds {', '.join(paths[:3])}" if paths else ""
    return InputError(
        f"The model {name} has no {_CONFIG}.",
        why=f"layers, heads and widths are stated there{held}",
        fix=(f"give the folder or repository that holds {_CONFIG}",),
    )
