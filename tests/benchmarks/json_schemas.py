"""Writes the shipped API schemas as JSON Schema files, the form that kubeconform reads."""

import json
from pathlib import Path
from typing import Any

from llmplat.catalog.schemas import DATA, load_group, load_kubernetes

_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_PRESERVE = "x-kubernetes-preserve-unknown-fields"
_DROPPED = ("x-kubernetes-", "nullable")


def write_json_schemas(folder: Path, kubernetes: str) -> str:
    """Every kind as `group/kind_version.json` under `folder`; kubeconform's -schema-location."""
    built_in = load_kubernetes(kubernetes)
    for name, entry in built_in.kinds.items():
        _write(
            folder, name, {"$ref": f"#/definitions/{entry['schema']['$ref']}"}, built_in.definitions
        )
    for file in sorted(DATA.glob("*.json.gz")):
        group = load_group(file.name.removesuffix(".json.gz"))
        if group is None or file.name.startswith("kubernetes-"):
            continue
        for name, entry in group.kinds.items():
            schema = {**entry["schema"], "x-kubernetes-embedded-resource": True}
            whole = f"{file.name.removesuffix('.json.gz')}/{name}"
            _write(folder, whole, convert(schema), built_in.definitions)
    return f"{folder}/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json"


def convert(schema: dict[str, Any]) -> dict[str, Any]:
    """One reduced schema as strict JSON Schema: unknown fields are refused as kubectl does."""
    if "$ref" in schema:
        return {"$ref": f"#/definitions/{schema['$ref']}"}
    made = {
        key: _convert(key, value) for key, value in schema.items() if not key.startswith(_DROPPED)
    }
    if schema.get("x-kubernetes-int-or-string"):
        made["type"] = ["string", "integer", "number"]
    if schema.get("x-kubernetes-embedded-resource"):
        made.setdefault("properties", {}).update(_resource_fields())
    is_object = schema.get("type") == "object" or "properties" in made
    if is_object and "additionalProperties" not in made and not schema.get(_PRESERVE):
        made["additionalProperties"] = False
    if isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


def _resource_fields() -> dict[str, Any]:
    metadata = {"$ref": f"#/definitions/{_OBJECT_META}"}
    return {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": metadata}


def _convert(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: convert(child) for name, child in value.items()}
    if key in {"items", "additionalProperties"} and isinstance(value, dict):
        return convert(value)
    if key == "pattern":
        return value.replace("\\Z", "$")
    return value


def _write(folder: Path, name: str, schema: dict[str, Any], definitions: dict[str, Any]) -> None:
    group, _, rest = name.rpartition("/")[0].rpartition("/")
    group = group or rest  # kubeconform takes the version of the core group for its name
    kind = name.rpartition("/")[2].lower()
    schema = dict(schema, definitions=_needed(schema, definitions))
    path = folder / group / f"{kind}_{rest}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(schema))


def _needed(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    needed: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        text = json.dumps(waiting.pop())
        for part in text.split('"#/definitions/')[1:]:
            name = part.partition('"')[0]
            if name not in needed:
                needed[name] = convert(definitions[name])
                waiting.append(needed[name])
    return needed
