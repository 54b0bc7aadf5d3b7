"""Turns plain data into YAML or JSON text, byte for byte the same each time."""

import json
from collections.abc import Mapping
from typing import Any

import yaml


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # libyaml's where it is
    """Block text for several lines, no anchors: people read this in a pull request."""

    def ignore_aliases(self, data: object) -> bool:
        """The same value twice is written twice."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


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
