"""Turns plain data into YAML or JSON text, byte for byte the same each time."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

_Dumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def dump_yaml(*documents: Mapping[str, Any]) -> str:
    """`documents` as one YAML stream, keys in the order they were given."""
    return str(
        yaml.dump_all(
            documents,
            Dumper=_Dumper,
            sort_keys=False,
            default_flow_style=False,
            allow_unicode=True,
            width=1000,
        )
    )


def dump_json(document: Mapping[str, Any]) -> str:
    """`document` as indented JSON, keys in the order they were given, with a final newline."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
