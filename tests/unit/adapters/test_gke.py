"""Where Pulumi's packages are missing it is said; what was applied is remembered whole or not at all."""

import importlib.util
import sys

import pytest

from llmplat.adapters.gke_inventory import FILE, read_inventory, write_inventory
from llmplat.adapters.gke_python import VARIABLE, gke_python, record_program
from llmplat.domain.errors import InternalError, NewerVersionError, PreconditionError, SpecError


def test_without_pulumi_the_command_that_adds_it_is_told(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(PreconditionError) as caught:
        gke_python({})
    assert caught.value.fix[0].startswith("pip install 'llmplat[gke]'")


def test_a_named_python_is_taken_and_a_wrong_one_is_told():
    assert gke_python({VARIABLE: sys.executable}) == sys.executable
    with pytest.raises(PreconditionError, match="cannot be run"):
        gke_python({VARIABLE: "/no/such/python"})


def test_a_program_that_fails_is_a_bug_with_its_words(tmp_path):
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "__init__.py").touch()
    (tmp_path / "infra" / "under_mocks.py").write_text("raise SystemExit('broken here')")
    with pytest.raises(InternalError) as caught:
        record_program("gke", {}, tmp_path, {VARIABLE: sys.executable})
    assert "broken here" in (caught.value.details or "")


def test_nothing_of_the_callers_clouds_goes_into_the_program(tmp_path):
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "__init__.py").touch()
    (tmp_path / "infra" / "under_mocks.py").write_text(
        "import json, os; print(json.dumps({'resources': [dict(os.environ)]}))"
    )
    env = {VARIABLE: sys.executable, "GOOGLE_APPLICATION_CREDENTIALS": "/k", "PULUMI_HOME": "/p"}
    (seen,) = record_program("gke", {}, tmp_path, env)
    assert "GOOGLE_APPLICATION_CREDENTIALS" not in seen
    assert "PULUMI_HOME" not in seen


def test_the_inventory_is_read_as_it_was_written(tmp_path):
    assert read_inventory(tmp_path) is None
    write_inventory(tmp_path, "my-project", [{"name": "one"}])
    kept = read_inventory(tmp_path)
    assert kept is not None
    assert (kept["project"], kept["resources"]) == ("my-project", [{"name": "one"}])


@pytest.mark.parametrize(
    ("text", "error"), [("{", SpecError), ("[]", SpecError), ('{"schema": 9}', NewerVersionError)]
)
def test_a_broken_inventory_is_told(tmp_path, text, error):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(error):
        read_inventory(tmp_path)
