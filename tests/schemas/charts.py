"""What a chart knows of its values: keys from values.yaml, bounds from values.schema.json."""

import csv
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHARTS = Path(os.environ.get("LLMPLAT_CHARTS", ROOT.parent / "shared" / "charts"))
LEFT_OUT = ("open-webui", "aibrix", "kaito-workspace", "kubeai", "vllm-stack", "llm-d-infra")
"""open-webui/helm-charts says nothing about its licence; the others are rivals or not used."""

_OPEN = {"x-kubernetes-preserve-unknown-fields": True}
_FREE = re.compile(
    r"(annotations|labels|selector|affinity|resources|securitycontext|strategy|env|envs|config"
    r"|cm|params|rbac|costmodel|credentialtemplates|limits|requests|data|global|spec|patterns)$",
    re.IGNORECASE,
)
"""Mappings by these names hold the user's own keys, or those of Kubernetes."""
_BOUNDS = (
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
)
_MENTIONED = re.compile(r"^[ \t]*#+[ \t-]*([A-Za-z_][\w.-]*):", re.MULTILINE)
_DEPTH = 12


def charts_of(charts: Path) -> dict[str, dict[str, Any]]:
    """What to keep of each chart under `charts`, by the chart's own name."""
    sources = {row["file"]: row for row in _rows(charts)}
    kept: dict[str, dict[str, Any]] = {}
    for folder in sorted(path for path in charts.iterdir() if path.is_dir()):
        row = sources.get(f"{folder.name}/values.yaml")
        text = (folder / "values.yaml").read_text(encoding="utf-8")
        if row is not None and folder.name not in LEFT_OUT:
            kept[_read(folder / "Chart.yaml")["name"]] = _chart(folder, text, row)
    return kept


def _chart(folder: Path, text: str, row: Mapping[str, str]) -> dict[str, Any]:
    schema_file = folder / "values.schema.json"
    schema = json.loads(schema_file.read_text(encoding="utf-8")) if schema_file.is_file() else {}
    values = yaml.load(text, Loader=yaml.CSafeLoader) or {}
    made = combine(values, schema, schema, depth=0)
    for dependency in _read(folder / "Chart.yaml").get("dependencies", ()):
        name = dependency.get("alias") or dependency["name"]
        made.setdefault("properties", {})[name] = dict(_OPEN)
    return {
        "source": f"{row['repository']}@{row['tag']} ({row['licence']})",
        "schema": made,
        "mentioned": sorted(set(_MENTIONED.findall(text))),
    }


def combine(
    value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int
) -> dict[str, Any]:
    """The keys of the default `value` and what `schema` (a JSON Schema) says about the same place."""
    schema = _resolved(schema, root)
    if depth > _DEPTH:
        return dict(_OPEN)
    properties = schema.get("properties", {})
    if isinstance(value, dict) or properties:
        default = value if isinstance(value, dict) else {}
        return _mapping(default, schema, properties, root, depth)
    if isinstance(value, bool) and "type" not in schema:
        return {"type": "boolean"}
    return _leaf(schema)


def _mapping(
    default: dict[str, Any],
    schema: Mapping[str, Any],
    properties: Mapping[str, Any],
    root: Mapping[str, Any],
    depth: int,
) -> dict[str, Any]:
    known = {
        name: _child(name, default.get(name), properties.get(name, {}), root, depth)
        for name in sorted({*map(str, default), *properties})
    }
    is_open = (
        not known or schema.get("additionalProperties") is True or "patternProperties" in schema
    )
    return {**(_OPEN if is_open else {"type": "object"}), "properties": known}


def _child(
    name: str, value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int
) -> dict[str, Any]:
    if _FREE.search(name) and (
        isinstance(value, dict) or _resolved(schema, root).get("type") == "object"
    ):
        return dict(_OPEN)
    return combine(value, schema, root, depth + 1)


def _leaf(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A single type and its bounds; anything less plain is left open."""
    if not isinstance(schema.get("type"), str) or {"anyOf", "oneOf", "allOf", "not"} & set(schema):
        return dict(_OPEN)
    if schema["type"] in {"object", "array"}:
        return dict(_OPEN) if schema["type"] == "object" else {"type": "array"}
    kept = {key: schema[key] for key in _BOUNDS if key in schema}
    if "enum" in kept and None in kept["enum"]:
        kept["enum"] = [item for item in kept["enum"] if item is not None]
    return {"type": schema["type"], **kept} if schema["type"] != "null" else dict(_OPEN)


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_DEPTH):
        pointer = schema.get("$ref")
        if not isinstance(pointer, str) or not pointer.startswith("#/"):
            return schema
        found: Any = root
        for step in pointer[2:].split("/"):
            found = found.get(step, {})
        schema = found
    return {}


def _rows(charts: Path) -> Iterator[dict[str, str]]:
    with (charts / "SOURCES.tsv").open(encoding="utf-8") as file:
        yield from csv.DictReader(file, delimiter="\t")


def _read(file: Path) -> dict[str, Any]:
    return dict(yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
