"""Runs inside the engine's environment: vLLM's own KV planner on configurations, nothing loaded.

Reads lines of JSON {"name", "config", "max_model_len", "bytes"} from stdin, each answered with a line
{"name", "blocks", "tokens", "concurrency", "groups", "block_size", "kinds"} or {"name", "error"} on
the file named by the first argument. The model is built on torch's meta device, so neither weights
nor a GPU are needed; about half a second a model behind some ten seconds of importing vLLM.
"""

import contextlib
import gc
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.update(VLLM_LOGGING_LEVEL="ERROR", HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")

import torch
from vllm.config import set_current_vllm_config
from vllm.distributed.parallel_state import (
    destroy_model_parallel,
    init_distributed_environment,
    initialize_model_parallel,
)
from vllm.engine.arg_utils import EngineArgs
from vllm.model_executor.layers.attention_layer_base import AttentionLayerBase
from vllm.model_executor.model_loader.utils import initialize_model
from vllm.platforms import current_platform
from vllm.v1.core.kv_cache_utils import get_kv_cache_capacity, get_kv_cache_configs


def main() -> None:
    with Path(sys.argv[1]).open("w") as out:
        for line in sys.stdin:
            task = json.loads(line)
            out.write(json.dumps(answer(task)) + "\n")
            out.flush()


def answer(task: dict) -> dict:
    """The plan; the types of stored weights are left out where their kernels want another machine."""
    first = attempt(task)
    if "error" not in first or "quantization_config" not in task["config"]:
        return first
    plain = {k: v for k, v in task["config"].items() if k != "quantization_config"}
    second = attempt({**task, "config": plain})
    return first if "error" in second else {**second, "without_quantization": first["error"]}


def attempt(task: dict) -> dict:
    try:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "config.json").write_text(json.dumps(task["config"]))
            return {"name": task["name"], **plan(folder, task)}
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        text = " ".join(str(error).split())[:300]
        return {"name": task["name"], "error": f"{type(error).__name__}: {text}"}
    finally:
        gc.collect()


def plan(folder: str, task: dict) -> dict:
    config = EngineArgs(
        model=folder,
        skip_tokenizer_init=True,
        load_format="dummy",
        max_model_len=task["max_model_len"],
        max_num_batched_tokens=task.get("max_num_batched_tokens"),
        max_num_seqs=task.get("max_num_seqs"),
        enforce_eager=True,
        dtype="bfloat16",
    ).create_engine_config()
    with set_current_vllm_config(config):
        one_rank()
        with torch.device("meta"), default_dtype(config.model_config.dtype):
            initialize_model(vllm_config=config)
        # As the executor does behind loading: attention blocks grow to hold a state's page.
        current_platform.update_block_size_for_backend(config)
        layers = config.compilation_config.static_forward_context
        specs = {
            name: spec
            for name, layer in layers.items()
            if isinstance(layer, AttentionLayerBase)
            and (spec := layer.get_kv_cache_spec(config)) is not None
        }
        config.cache_config.kv_cache_layout = "LBNHC"
        made = get_kv_cache_configs(config, [specs], [task["bytes"]])[0]
        tokens, concurrency = get_kv_cache_capacity(config, made)
    return {
        "blocks": made.num_blocks,
        "tokens": tokens,
        "concurrency": concurrency,
        "groups": len(made.kv_cache_groups),
        "block_size": config.cache_config.block_size,
        "batched": config.scheduler_config.max_num_batched_tokens,
        "max_num_seqs": config.scheduler_config.max_num_seqs,
        "max_model_len": config.model_config.max_model_len,
        "prefix_caching": config.cache_config.enable_prefix_caching,
        "kinds": sorted({type(spec).__name__ for spec in specs.values()}),
        "group_kinds": [type(g.kv_cache_spec).__name__ for g in made.kv_cache_groups],
    }


@contextlib.contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def one_rank() -> None:
    if not torch.distributed.is_initialized():
        file = tempfile.NamedTemporaryFile(delete=False)  # noqa: SIM115 (its name is what is needed)
        init_distributed_environment(1, 0, f"file://{file.name}", 0, "gloo")
    destroy_model_parallel()
    initialize_model_parallel()


if __name__ == "__main__":
    main()
