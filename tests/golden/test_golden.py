"""Plans and rendered files against the expected ones, file by file."""

import importlib.util
from pathlib import Path

import pytest
import yaml

_spec = importlib.util.spec_from_file_location("golden_cases", Path(__file__).with_name("cases.py"))
cases = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(cases)


@pytest.mark.parametrize("name", cases.NAMES)
def test_case_is_as_expected(name, is_updating):
    rendered = cases.render_case(cases.plan_case(name))
    expected = cases.CASES / name / "expected"
    if is_updating:
        expected.mkdir(exist_ok=True)
        for stale in set(expected.iterdir()) - {expected / path for path in rendered}:
            stale.unlink()
        for path, text in rendered.items():
            (expected / path).write_text(text, "utf-8")
    assert sorted(rendered) == sorted(file.name for file in expected.iterdir())
    for path, text in rendered.items():
        assert text == (expected / path).read_text("utf-8"), f"{name}/{path}"


@pytest.mark.parametrize("name", cases.NAMES)
def test_planning_and_rendering_twice_is_identical(name):
    assert cases.render_case(cases.plan_case(name)) == cases.render_case(cases.plan_case(name))


@pytest.mark.parametrize("name", cases.NAMES)
def test_rendered_yaml_parses_back(name):
    for path, text in cases.render_case(cases.plan_case(name)).items():
        if path.endswith(".yaml"):
            documents = list(yaml.safe_load_all(text))
            assert documents
            assert all(isinstance(document, dict) for document in documents)


def test_no_secret_value_is_rendered():
    text = "".join(cases.render_case(cases.plan_case("full")).values())
    assert "os.environ/LLMPLAT_BACKEND_KEY_ONE_KEY" in text
    assert "sk-" not in text
