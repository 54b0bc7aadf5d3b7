"""The choices of Kubernetes' own fields, which its OpenAPI document leaves out: from `// +enum`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ENUM = re.compile(r"^// \+enum\n(?://[^\n]*\n)*type (\w+) string", re.MULTILINE)
_CONST = re.compile(r'^\s*\w+\s+(\w+)\s*=\s*"([^"]*)"', re.MULTILINE)
_STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r'^\s+\w+\s+(\[\])?\*?(?:(\w+)\.)?(\w+)\s+`json:"(\w+)', re.MULTILINE)
_CORE = {"v1", "corev1"}
"""How other packages name core/v1."""


def with_choices(definitions: dict[str, Any], types: Path) -> None:
    """Give the fields of `definitions` the choices that the Go types under `types` declare.

    The empty text is always one of them: it is Go's way to leave a field out.
    """
    packages = {
        path.parent: path.read_text("utf-8") for path in sorted(types.glob("*/v*/types.go"))
    }
    choices = {folder: dict(_choices(text)) for folder, text in packages.items()}
    core = choices[types / "core" / "v1"]
    for folder, text in packages.items():
        for struct, field, is_list, package, kind in _fields(text):
            known = core if package in _CORE else choices[folder] if not package else {}
            name = f"io.k8s.api.{folder.parent.name}.{folder.name}.{struct}"
            place = definitions.get(name, {}).get("properties", {}).get(field, {})
            place = place.get("items", {}) if is_list else place
            if kind in known and place.get("type") == "string":
                place["enum"] = ["", *sorted(set(known[kind]) - {""})]


def _choices(text: str) -> Iterator[tuple[str, list[str]]]:
    named = [(kind, value) for kind, value in _CONST.findall(text)]
    for kind in _ENUM.findall(text):
        values = [value for of, value in named if of == kind]
        if values:
            yield kind, values


def _fields(text: str) -> Iterator[tuple[str, str, bool, str, str]]:
    """Struct, JSON name, whether it is a list, the package and the type of each field."""
    for struct, body in _STRUCT.findall(text):
        for is_list, package, kind, field in _FIELD.findall(body):
            yield struct, field, bool(is_list), package, kind
