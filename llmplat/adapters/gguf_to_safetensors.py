"""A GGUF file -> a folder in bfloat16 safetensors with config and tokenizer, the same bytes each time.

Run as a script by the engine's own Python, which has transformers; llmplat itself has not.
"""

import functools
import json
import sys
from pathlib import Path

_VOLATILE = ("transformers_version", "quantization_config")
"""Say who wrote a file or how it once was stored, not what the model is."""


def convert(gguf: Path, folder: Path) -> None:
    """Read `gguf` and write the model into `folder`, which must exist."""
    import gguf as reader  # noqa: PLC0415 (only the engine's environment has it)
    import torch  # noqa: PLC0415 (the same)
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415 (the same)

    # Model, config and tokenizer each read the file anew, some seconds a time: read it once.
    reader.GGUFReader = functools.lru_cache(maxsize=1)(reader.GGUFReader)
    where = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.bfloat16)
    # Read from GGUF, the model counts as quantised and refuses to be saved, though its weights
    # are whole numbers of bfloat16 by now.
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(**where).save_pretrained(folder)
    for path in folder.glob("*.json"):
        _settle(path)


def _settle(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    if path.name != "tokenizer.json":
        document = {key: document[key] for key in sorted(document) if key not in _VOLATILE}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
