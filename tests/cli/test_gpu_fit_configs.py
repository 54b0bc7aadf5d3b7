"""`llmplat gpu-fit` answers for every configuration there is, bundled or beside the project."""

import json
import os
from pathlib import Path

import pytest

from llmplat.catalog.model_configs import bundled_names, read_bundled
from tests.cli.conftest import Llmplat

SHARED = Path(os.environ.get("LLMPLAT_SHARED", Path(__file__).parents[3] / "shared"))
CONFIGS = SHARED / "data" / "gpu-fit" / "configs"


def test_every_bundled_configuration_is_answered_and_sourced(llmplat: Llmplat) -> None:
    names = bundled_names()
    assert len(names) > 100
    for name in names:
        entry = read_bundled(name)
        assert (entry.name, bool(entry.source), bool(entry.licence)) == (name, True, True)
        ran = llmplat("gpu-fit", name, "--gpu", "h100", "-o", "json")
        assert ran.code in {0, 4}, (name, ran.err)
        found = json.loads(ran.out)
        assert found["per_gpu"]["weights_bytes"] > 0, name
        assert found["verdict"] == "fits" or found["reasons"], name


def test_every_configuration_beside_the_project_is_answered(llmplat: Llmplat) -> None:
    if not CONFIGS.is_dir():
        pytest.skip(f"no {CONFIGS}: set LLMPLAT_SHARED to the folder that holds data/gpu-fit")
    files = [
        p for p in sorted(CONFIGS.glob("*.json")) if not p.name.endswith("hf_quant_config.json")
    ]
    assert len(files) > 100
    for path in files:
        ran = llmplat("gpu-fit", str(path), "--gpu", "b200", "--tp", "1", "-o", "json")
        assert ran.code in {0, 4}, (path.name, ran.err)
        assert json.loads(ran.out)["per_gpu"]["weights_bytes"] > 0, path.name
