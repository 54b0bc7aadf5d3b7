"""The measured start-ups as inputs of a fit: configuration, settings, GPU, and what the log said."""

import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from llmplat.domain.units import GIB
from llmplat.fit.inputs import EngineSettings, Gpu

SHARED = Path(os.environ.get("LLMPLAT_SHARED", Path(__file__).parents[3] / "shared"))
DATA = SHARED / "data" / "gpu-fit"

# A measured model's name -> a configuration of the folder, or dimensions that were verified.
_CONFIGS = (
    (r"llama-?3\.3-70b|distill-llama-70b", "meta-llama__Llama-3.1-70B-Instruct"),
    (r"3\.1-405b", "meta-llama__Meta-Llama-3.1-405B"),
    (r"llama-3\.1-8b", "meta-llama__Llama-3.1-8B-Instruct"),
    (r"meta-llama-3-8b", "meta-llama__Meta-Llama-3.1-8B"),
    (r"llama-2-7b", "meta-llama__Llama-2-7b-hf"),
    (r"llama-3\.2-11b", "_transformers_default__mllama"),
    (r"codellama-34b", "codellama__CodeLlama-34b-Instruct-hf"),
    (r"codellama-7b", "codellama__CodeLlama-7b-hf"),
    (r"v2-lite", "deepseek-ai__DeepSeek-V2-Lite"),
    (r"deepseek-r1$", "deepseek-ai__DeepSeek-R1"),
    (r"deepseek-v3$", "deepseek-ai__DeepSeek-V3"),
    (r"gemma-4-31b", "nvidia__Gemma-4-31B-IT-NVFP4"),
    (r"gemma-4-26b", "google__gemma-4-26B-A4B"),
    (r"gemma-2-27b", "google__gemma-2-27b-it"),
    (r"gemma-2-9b", "google__gemma-2-9b-it"),
    (r"gemma-2-2b", "google__gemma-2-2b-it"),
    (r"scout", "meta-llama__Llama-4-Scout-17B-16E-Instruct"),
    (r"phi-2", "microsoft__phi-2"),
    (r"phi-4", "microsoft__phi-4"),
    (r"mixtral-8x7b", "mistralai__Mixtral-8x7B-v0.1"),
    (r"gpt-oss-20b", "openai__gpt-oss-20b"),
    (r"gpt-oss-120b", "openai__gpt-oss-120b"),
    (r"qwen1\.5-moe", "Qwen__Qwen1.5-MoE-A2.7B"),
    (r"qwen2\.5-7b", "Qwen__Qwen2.5-7B-Instruct"),
    (r"qwen2\.5-1\.5b", "Qwen__Qwen2-1.5B-Instruct"),
    (r"qwen3-30b", "Qwen__Qwen3-30B-A3B"),
    (r"qwen3-235b-a22b-fp8", "Qwen__Qwen3-235B-A22B-FP8"),
    (r"qwen3-0\.6b", "Qwen__Qwen3-0.6B"),
    (r"qwen3-8b", "Qwen__Qwen3-8B"),
    (r"qwen3-14b", "Qwen__Qwen3-14B"),
    (r"qwen3-32b", "Qwen__Qwen3-32B"),
)
_DIMS = (
    (r"qwen2\.5-72b", "qwen2.5-72b"), (r"kimi-dev", "kimi-dev-72b"), (r"kimi-vl", "kimi-vl"),
    (r"mistral-small", "mistral-small"), (r"vision-3\.3-2b", "granite-vision"),
    (r"granite-3\.1-2b", "granite-3.1-2b"), (r"granite-3\.[13]-8b", "granite-3.1-8b"),
    (r"gemma-3-4b", "gemma-3-4b"), (r"gemma-3-12b", "gemma-3-12b"), (r"gemma-3-27b", "gemma-3-27b"),
    (r"gemma-7b", "gemma-7b"),
)  # fmt: skip
_FAMILY = {
    "qwen2": ("qwen", "kimi-dev"), "gemma3_text": ("gemma-3",), "gemma": ("gemma-7b",), "granite": ("granite",),
}  # fmt: skip
_TYPICAL_GIB = {
    "H100-80GB": 79.19,
    "A100-80GB": 79.25,
    "A100-40GB": 39.39,
    "L4": 22.03,
    "A10-24GB": 22.19,
}


@dataclass(frozen=True)
class Point:
    """One recorded start-up."""

    record: dict[str, Any]
    config: dict[str, Any] | None
    has_whole_config: bool
    """The configuration is the model's own, with which weights can be computed."""

    @property
    def model(self) -> str:
        """Its name without the organisation, lower case."""
        return str(self.record["model"]).lower().split("/")[-1]

    @property
    def gpu(self) -> Gpu | None:
        """The GPU with its logged total; None when unknown."""
        name = str(self.record["gpu"])
        total = self.record["gpu_mem_gib"] or _TYPICAL_GIB.get(name)
        if total is None:
            return None
        is_hopper = name.startswith(("H100", "H20"))
        is_amd = name.startswith("MI")
        capability = (
            (9, 0) if is_hopper else None if is_amd else (8, 0) if "A100" in name else (8, 6)
        )
        link = "nvlink" if total > 39 else "pcie"
        return Gpu(name, round(total * GIB), "rocm" if is_amd else "cuda", capability, link)

    @property
    def settings(self) -> EngineSettings:
        """The flags of the start-up; None where the record does not say."""
        r = self.record
        kv = None if r["kv_cache_dtype"] in (None, "auto") else r["kv_cache_dtype"]
        return EngineSettings(
            vllm_version=r["vllm_version"] or ("0.6.0" if r["engine"] == "V0" else "0.10.0"),
            tensor_parallel=r["tp"] or 1, pipeline_parallel=r["pp"] or 1,
            max_model_len=r["max_model_len"], max_num_seqs=r["max_num_seqs"],
            max_num_batched_tokens=r["max_num_batched_tokens"], dtype=r["dtype"], kv_cache_dtype=kv,
            quantization=r["quantization"] if r["quantization"] == "fp8" else None,
            gpu_memory_utilization=r["gpu_memory_utilization"], enforce_eager=bool(r["enforce_eager"]),
        )  # fmt: skip


@cache
def load_points() -> tuple[Point, ...]:
    """Every recorded start-up, in the file's order."""
    lines = (DATA / "measured.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(_point(json.loads(line)) for line in lines if line.strip())


def _point(record: dict[str, Any]) -> Point:
    name = str(record["model"]).lower()
    for pattern, file in _CONFIGS:
        if re.search(pattern, name):
            config = json.loads((DATA / "configs" / f"{file}.json").read_text(encoding="utf-8"))
            return Point(
                record, _quantized(config, record), has_whole_config=_is_whole(file, config)
            )
    dims = json.loads((DATA / "dims_verified.json").read_text(encoding="utf-8"))
    for pattern, key in _DIMS:
        if re.search(pattern, name):
            return Point(record, _of_dimensions(key, dims[key]), has_whole_config=False)
    return Point(record, None, has_whole_config=False)


def _is_whole(file: str, config: dict[str, Any]) -> bool:
    """A checkpoint's own file with all its parts: class defaults and files cut to the text part are not."""
    is_cut = (
        "ForConditionalGeneration" in str(config.get("architectures"))
        and "vision_config" not in config
    )
    return not file.startswith("_") and not is_cut


def _quantized(config: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """The base model's file with the scheme that the record names, when the file has none."""
    if config.get("quantization_config") or record["quantization"] in (None, "fp8", "mxfp4"):
        return config
    name = str(record["model"]).lower()
    method = (
        "gptq" if "w4a16" in name or record["quantization"] == "gptq" else record["quantization"]
    )
    scheme: dict[str, Any] = {"quant_method": method}
    if method in ("gptq", "awq"):
        scheme |= {"bits": 4, "group_size": 128}
    else:
        scheme["config_groups"] = {
            "group_0": {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "int"}}
        }
        scheme["ignore"] = ["lm_head"]
    return {**config, "quantization_config": scheme}


def _of_dimensions(key: str, dims: dict[str, Any]) -> dict[str, Any]:
    family = next((f for f, keys in _FAMILY.items() if key.startswith(keys)), "llama")
    head = dims["head_dim"] or 128
    layers = dims["layers_full"] + dims["layers_sliding"]
    config: dict[str, Any] = {
        "model_type": family, "hidden_size": dims["hidden_size"], "num_hidden_layers": layers,
        "num_attention_heads": max(1, dims["hidden_size"] // head), "num_key_value_heads": dims["kv_heads"],
        "head_dim": head, "intermediate_size": dims["intermediate_size"], "vocab_size": dims["vocab_size"],
        "max_position_embeddings": 131072,
    }  # fmt: skip
    if dims["layers_sliding"]:
        step = layers // dims["layers_full"]
        full = {step * (i + 1) - 1 for i in range(dims["layers_full"])}
        config["sliding_window"] = dims["sliding_window"]
        config["layer_types"] = [
            "full_attention" if i in full else "sliding_attention" for i in range(layers)
        ]
    if dims["mla_width"]:
        config |= {
            "model_type": "kimi_vl",
            "kv_lora_rank": 512,
            "qk_rope_head_dim": 64,
            "v_head_dim": 128,
        }
        config |= {"qk_nope_head_dim": 128, "num_attention_heads": 16}
    if dims["moe"]:
        config |= {"moe_intermediate_size": dims["moe"]["moe_intermediate_size"]}
        config |= {"num_experts_per_tok": dims["moe"]["top_k"], "n_routed_experts": 64}
        config |= {"first_k_dense_replace": 1}
    if dims["multimodal"]:
        vision = {"hidden_size": 1152, "patch_size": 14, "spatial_merge_size": 2, "image_size": 896}
        whole = {"model_type": config["model_type"], "text_config": config, "vision_config": vision}
        return whole | ({"mm_tokens_per_image": 256} if key.startswith("gemma") else {})
    return config
