"""The JSON Schemas are sound, agree with the reader, and the checked-in pages are current."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from llmplat.spec.document import make_pages
from llmplat.spec.engine_options import RESERVED, VERSION, load_options
from llmplat.spec.load import default_text
from llmplat.spec.schema import SHAPES, dump_schema, make_schema

DOCS = Path(__file__).parents[3] / "docs"
EXAMPLES = sorted(
    path for path in (DOCS / "examples").glob("*.yaml") if not path.name.endswith(".lock.yaml")
)


@pytest.mark.parametrize("path", sorted(make_pages()))
def test_generated_pages_are_current(path: str) -> None:
    assert (DOCS / "reference" / path).read_text() == make_pages()[path], "run: make docs"


@pytest.mark.parametrize("kind", sorted(SHAPES))
def test_schemas_are_schemas(kind: str) -> None:
    schema = json.loads(dump_schema(kind))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"https://llmplat.dev/schemas/{kind}-v1alpha1.json"


@pytest.mark.parametrize("text", [default_text(), *(file.read_text() for file in EXAMPLES)])
def test_files_that_load_are_valid_under_the_schema(text: str) -> None:
    jsonschema.validate(yaml.safe_load(text), make_schema("platform"))


@pytest.mark.parametrize(
    "change",
    [
        {"profil": "x"},
        {"profile": "half"},
        {"timeouts": {"client": 5}},
        {"models": [{"name": "A", "source": "demo://x"}]},
        {"models": []},
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(default_text()) | change, make_schema("platform"))


def _properties(node: object) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(node, list):
        return [found for item in node for found in _properties(item)]
    if not isinstance(node, dict):
        return []
    own = list(node.get("properties", {}).items())
    return own + [found for item in node.values() for found in _properties(item)]


@pytest.mark.parametrize("kind", sorted(SHAPES))
def test_every_key_says_what_it_means(kind: str) -> None:
    silent = [
        name for name, entry in _properties(make_schema(kind))
        if "description" not in entry and "$ref" not in entry
    ]  # fmt: skip
    assert silent == []


def test_reserved_options_are_options_of_that_engine() -> None:
    assert set(RESERVED) <= set(load_options().kinds)


def test_the_options_are_those_of_the_engine_that_runs() -> None:
    runtimes = Path(__file__).parents[3] / "llmplat" / "catalog" / "data" / "runtimes"
    pinned = {
        yaml.safe_load(file.read_text())["version"]
        for file in runtimes.glob("vllm-*.yaml")
    }  # fmt: skip
    assert pinned == {VERSION}
    assert load_options().version == VERSION
