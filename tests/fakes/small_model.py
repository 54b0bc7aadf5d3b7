"""A model of a few kilobytes with everything a real one has: what the store and its sources read."""

import json
import random
from pathlib import Path


def safetensors(tensors: dict[str, tuple[str, list[int], bytes]]) -> bytes:
    """A safetensors file of `tensors`: name -> (dtype, shape, data)."""
    header, start = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, start + len(data)]}
        start += len(data)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(t[2] for t in tensors.values())


def small_model(weights_bytes: int = 4096, seed: int = 0) -> dict[str, bytes]:
    """Path -> content; the weights are random, so a swapped or lost byte is noticed."""
    data = random.Random(seed).randbytes(weights_bytes)
    config = {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "vocab_size": 512,
        "dtype": "bfloat16",
    }
    return {
        "config.json": json.dumps(config).encode(),
        "tokenizer.json": b'{"version": "1.0"}',
        "model.safetensors": safetensors({"w": ("BF16", [weights_bytes // 2], data)}),
        "README.md": b"# not fetched",
        "pytorch_model.bin": b"never fetched",
        "onnx/model.onnx": b"never fetched",
    }


def write_model(folder: Path, files: dict[str, bytes]) -> Path:
    """Write `files` under `folder`."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder
