"""Lets llm-d-planner and aiconfigurator, each in its own environment, answer for recorded start-ups.

Both are given the measured weights, so that only their overhead is judged, and their own idea of
the GPU's memory. aiconfigurator's memory routine is driven with its own GPU file; the performance
tables that its other parts need are not used.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from gpu_fit_points import Point

RIVALS = (("llm-d-planner", "0.3.3"), ("aiconfigurator", "0.12.0"))
_MARKETING_GB = {
    "H100": 80,
    "A100-80": 80,
    "A100-40": 40,
    "L4": 24,
    "A10": 24,
    "RTX 3090": 24,
    "RTX 4090": 24,
}

_LLM_D = """
import json, sys
from types import SimpleNamespace as N
from planner import capacity_planner as c
def plain(d):
    return N(**{k: plain(v) if isinstance(v, dict) else v for k, v in d.items()})
out = []
for p in json.load(sys.stdin):
    try:
        config = plain(p["config"])
        gib = c.available_gpu_memory(p["gb"], p["utilization"]) - p["weights_gib"]
        gib -= c.estimate_vllm_activation_memory(config, tp=p["tp"]) / p["tp"]
        gib -= c.estimate_vllm_non_torch_memory(p["tp"], 1) + c.estimate_vllm_cuda_graph_memory()
        out.append(gib * 2**30)
    except Exception as exc:
        print(p["model"], type(exc).__name__, str(exc)[:70], file=sys.stderr)
        out.append(None)
print(json.dumps(out))
"""

_AICONFIGURATOR = """
import json, pathlib, sys
from types import SimpleNamespace as N
import yaml, aiconfigurator_core
from aiconfigurator_core.sdk.backends.vllm_backend import VLLMBackend
from aiconfigurator_core.sdk.models import _architecture_to_model_family as family_of
spec = yaml.safe_load((pathlib.Path(aiconfigurator_core.__file__).parent / "systems" / "h100_sxm.yaml").read_text())
backend = VLLMBackend()
out = []
for p in json.load(sys.stdin):
    c = p["config"].get("text_config") or p["config"]
    try:
        experts = c.get("num_local_experts") or c.get("num_experts") or c.get("n_routed_experts") or 0
        heads = c["num_attention_heads"]
        model = N(
            context_ops=[], _num_heads=heads, _head_size=c.get("head_dim") or c["hidden_size"] // heads,
            _hidden_size=c["hidden_size"], _num_experts=experts, _topk=c.get("num_experts_per_tok") or 0,
            model_family=family_of(p["architecture"]), get_kvcache_bytes_per_sequence=lambda n: 0,
            _cp_kv_memory_divisor=lambda: 1,
            config=N(tp_size=p["tp"], pp_size=1, attention_dp_size=1, moe_ep_size=1, nextn=0),
        )
        m = backend._get_memory_usage(model, N(system_spec=spec), 1, 1, 1, 1, num_tokens=p["tokens"])
        total = spec["gpu"]["mem_capacity"] * p["utilization"]
        out.append(total - p["weights_gib"] * 2**30 - m["total"] * 2**30)
    except Exception as exc:
        print(p["model"], type(exc).__name__, str(exc)[:70], file=sys.stderr)
        out.append(None)
print(json.dumps(out))
"""

_SCRIPTS = {"llm-d-planner": _LLM_D, "aiconfigurator": _AICONFIGURATOR}
_ARCHITECTURES = {
    "llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "gemma3_text": "Gemma3ForCausalLM",
    "gemma": "GemmaForCausalLM", "granite": "GraniteForCausalLM", "kimi_vl": "DeepseekV3ForCausalLM",
}  # fmt: skip


def rival_answers(
    points: Sequence[Point], folder: Path
) -> Iterator[tuple[str, list[float | None]]]:
    """For each rival its name and its KV-cache bytes per point, None where it has no answer."""
    asked = json.dumps([_asked(point) for point in points])
    for name, version in RIVALS:
        python = _environment(folder, name, version)
        done = subprocess.run(
            [python, "-c", _SCRIPTS[name]], input=asked, capture_output=True, text=True, check=True, timeout=600
        )  # fmt: skip
        for line in sorted(set(done.stderr.splitlines()))[:12]:
            print(f"{name}: {line}")
        yield f"{name} {version}", json.loads(done.stdout.splitlines()[-1])


def _asked(point: Point) -> dict[str, object]:
    record, config = point.record, point.config or {}
    gb = next((gb for key, gb in _MARKETING_GB.items() if str(record["gpu"]).startswith(key)), 80)
    named = (config.get("architectures") or [None])[0]
    architecture = named or _ARCHITECTURES.get(str(config.get("model_type")), "LlamaForCausalLM")
    return {
        "model": point.model, "config": {**config, "architectures": [architecture]}, "gb": gb,
        "architecture": architecture, "utilization": record["gpu_memory_utilization"],
        "weights_gib": record["weights_gib"] or 0, "tp": record["tp"] or 1,
        "tokens": record["max_num_batched_tokens"] or 2048,
    }  # fmt: skip


def _environment(folder: Path, name: str, version: str) -> str:
    """The Python of the rival's own environment, made on first use from the package index."""
    home = folder / f"{name}-{version}"
    python = home / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, timeout=300)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", f"{name}=={version}"], check=True, timeout=1800
        )
    return str(python)
