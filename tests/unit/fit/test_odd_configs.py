"""No config.json breaks the fit: each place of real ones, each odd value, is taken or refused in words."""

import json
import math
from contextlib import suppress
from pathlib import Path as FilePath
from typing import Any

import pytest

from llmplat.domain.errors import InputError, PlanError
from llmplat.fit.config_facts import read_config_facts
from llmplat.fit.estimate import estimate
from llmplat.fit.inputs import EngineSettings
from tests.fakes.fit_models import FAMILIES, H100, dense
from tests.odd_values import Path, Steps, odd_at, places

MODELS = FilePath(__file__).parents[3] / "llmplat" / "catalog" / "data" / "models"
NAMES = (
    "nvidia__Llama-3_3-Nemotron-Super-49B-v1", "deepseek-ai__DeepSeek-V4-Flash", "Qwen__Qwen3-VL-2B-Instruct",
    "XiaomiMiMo__MiMo-V2-Flash", "Qwen__Qwen3-235B-A22B-FP8", "google__gemma-3-1b-it", "deepseek-ai__DeepSeek-R1",
)  # fmt: skip
"""Each writes something in a way of its own: blocks, ratios, a tower, marks, lists."""
ODD: tuple[Any, ...] = (
    None, True, -1, 0, math.inf, 10**400, "x", [None], ["re:("], [7], {"x": None},
)  # fmt: skip
LAYERS = 8
SETTINGS = EngineSettings(max_num_seqs=8, tensor_parallel=2)


def config_of(name: str) -> dict[str, Any]:
    """Of the first layers alone: the others are like them, and each try reads them all."""
    config = dict(json.loads((MODELS / f"{name}.json").read_text("utf-8"))["config"])
    left_out = config.get("num_hidden_layers", LAYERS) - LAYERS
    if left_out:
        config["num_hidden_layers"] = LAYERS
    for key, value in config.items():
        if isinstance(value, list) and len(value) > left_out > 0:
            config[key] = value[: len(value) - left_out]
    return config


def few(path: Path, steps: Steps) -> Steps:
    """Of the entries of lists and of named layers the first alone."""
    is_alike = path[-1:] == ("quantized_layers",) or bool(steps and isinstance(steps[0][0], int))
    return steps[:1] if is_alike else steps


@pytest.mark.parametrize("name", NAMES)
def test_an_odd_value_is_taken_or_refused_in_words(name: str) -> None:
    config = config_of(name)
    for path in list(places(config, few)):
        for odd in ODD:
            with odd_at(config, path, odd):
                with suppress(InputError, PlanError):
                    estimate(config, SETTINGS, H100, families=FAMILIES, with_fixes=False)
                read_config_facts(config)
    estimate(config, SETTINGS, H100, families=FAMILIES, with_fixes=False)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("at", [("config_groups",), ("config_groups", "group_0"), ("bits",), ("ignore",),
                                ("config_groups", "group_0", "weights"), ("dynamic",), ("quantized_layers",),
                                ("config_groups", "group_0", "weights", "num_bits")])  # fmt: skip
def test_an_odd_way_to_quantize_too(at: tuple[str, ...], odd: Any) -> None:
    weights = {"num_bits": 4, "type": "int", "group_size": 32, "symmetric": True}
    method = "gptq" if at == ("bits",) else "compressed-tensors"
    said: dict[str, Any] = {
        "quant_method": method,
        "config_groups": {"group_0": {"weights": weights}},
    }
    holder = said
    for step in at[:-1]:
        holder = holder[step]
    holder[at[-1]] = odd
    with suppress(InputError):
        estimate(
            dense(quantization_config=said), SETTINGS, H100, families=FAMILIES, with_fixes=False
        )
