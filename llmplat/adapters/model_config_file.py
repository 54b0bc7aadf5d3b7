"""One config.json, with the hf_quant_config.json beside it -> a model without stored weights."""

from pathlib import Path
from typing import Any

from llmplat.domain.errors import InputError
from llmplat.domain.foreign_text import parse_json
from llmplat.fit.quantization import merge_hf_quant
from llmplat.plan.fit_model import FoundModel

CONFIG = "config.json"
QUANT = "hf_quant_config.json"
INDEX = ".safetensors.index.json"
MAX_JSON_BYTES = 64 * 1024 * 1024
ANALYTIC = "no safetensors files: the weights are worked out from the configuration"


def read_single(path: Path) -> FoundModel:
    """The model of a config.json alone, and of the hf_quant_config.json beside it."""
    if path.suffix.lower() == ".gguf":
        raise gguf_refused(str(path), path.name)
    if path.suffix == ".safetensors" or path.name.endswith(INDEX):
        raise no_config(str(path.parent), ())
    config = parse_object(path.read_bytes()[: MAX_JSON_BYTES + 1], str(path.parent), path.name)
    own = path.with_name(f"{path.stem}.{QUANT}")
    side = own if own.is_file() else path.with_name(QUANT)
    if side.is_file():
        quant = parse_object(side.read_bytes(), str(path.parent), side.name)
        config = merge_hf_quant(config, quant)
    return FoundModel(str(path), str(path), None, config, None, (ANALYTIC,))


def parse_object(text: bytes, name: str, path: str) -> dict[str, Any]:
    """The JSON object `text` of the file `path` of the model `name`; InputError when it is none."""
    if len(text) > MAX_JSON_BYTES:
        raise _broken(name, path, f"it is larger than {MAX_JSON_BYTES} bytes")
    try:
        document = parse_json(text)
    except ValueError as exc:
        raise _broken(name, path, f"it is not JSON ({exc})") from exc
    if not isinstance(document, dict):
        raise _broken(name, path, "it is not a JSON object")
    return document


def gguf_refused(name: str, path: str) -> InputError:
    """What to raise for a model in llama.cpp's format."""
    return InputError(
        f"{name} holds GGUF files, which gpu-fit does not read.",
        why=f"{path} is made for llama.cpp; vLLM's memory is known for safetensors",
        fix=("give the model it was made from, as org/name or a folder with config.json",),
    )


def no_config(name: str, paths: tuple[str, ...]) -> InputError:
    """What to raise for a model without a configuration; `paths` is what it has."""
    held = f"; it holds {', '.join(paths[:3])}" if paths else ""
    return InputError(
        f"The model {name} has no {CONFIG}.",
        why=f"layers, heads and widths are stated there{held}",
        fix=(f"give the folder or repository that holds {CONFIG}",),
    )


def _broken(name: str, path: str, why: str) -> InputError:
    return InputError(
        f"The file {path} of the model {name} is broken.",
        why=why,
        fix=("fetch or copy that file again, then run the command again",),
    )
