"""What every program folder of infra/ keeps to, so that llmplat and people run it the same way."""

import ast
import dataclasses
import re
from pathlib import Path

import pytest

from llmplat.catalog.load import load_catalog
from llmplat.domain import bootstrap, gke
from llmplat.output.as_json import to_data
from llmplat.render.bootstrap import make_bootstrap
from tests.infra.conftest import HOME, NAMES, planned

PROGRAMS = sorted(path.parent for path in (HOME / "infra").glob("*/Pulumi.yaml"))


@pytest.mark.parametrize("folder", PROGRAMS, ids=lambda folder: folder.name)
def test_a_program_is_run_by_hand_and_under_mocks(folder: Path):
    main = (folder / "__main__.py").read_text("utf-8")
    assert len(main.splitlines()) <= 15
    assert 'os.environ["LLMPLAT_INPUTS"]' in main
    assert "runtime: python" in (folder / "Pulumi.yaml").read_text("utf-8")
    mocks = (HOME / "infra" / "under_mocks.py").read_text("utf-8")
    assert f'"infra.{folder.name}.program"' in mocks


@pytest.mark.parametrize("folder", PROGRAMS, ids=lambda folder: folder.name)
def test_its_files_shadow_no_module_of_python(folder: Path):
    import sys

    names = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    assert not names & sys.stdlib_module_names


def test_the_programs_know_llmplat_by_its_values_only():
    for path in (HOME / "infra").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("llmplat"):
                assert re.match(r"llmplat\.domain(\.|$)", node.module), path


@pytest.mark.parametrize("name", NAMES)
def test_inputs_survive_their_way_as_json(name):
    inputs = planned(name)[2]
    assert gke.read_inputs(to_data(inputs)) == inputs
    with pytest.raises(KeyError):
        gke.read_inputs({})


def test_bootstrap_inputs_survive_their_way_as_json():
    _, plan, _ = planned("smallest")
    inputs = make_bootstrap(plan, load_catalog(HOME), kubeconfig="k", context="c")
    assert bootstrap.read_inputs(to_data(inputs)) == inputs


def test_no_input_can_hold_a_secret():
    names = [field.name for field in dataclasses.fields(gke.GkeInputs)]
    names += [field.name for field in dataclasses.fields(bootstrap.BootstrapInputs)]
    assert not [name for name in names if re.search("password|token|credential|value$", name)]
