"""Turns plain data into YAML or JSON text, byte for byte the same each time."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import yaml

_WIDTH = 1000
_LONG_CHARS = 900
_LONG_KEY_CHARS = 100
"""Longer texts are folded, longer keys written another way: libyaml's business."""
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*")
"""Texts that never need quotes, the words that mean something else aside."""
_WORDS = frozenset(["y", "n", "yes", "no", "true", "false", "on", "off", "null"])


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
    return "---\n".join(_dump(document) for document in documents)


def dump_with_libyaml(document: Mapping[str, Any]) -> str:
    """One document by libyaml alone: what the short way must equal."""
    return str(
        yaml.dump(
            document,
            Dumper=_Dumper,
            sort_keys=False,
            default_flow_style=False,
            allow_unicode=True,
            width=_WIDTH,
        )
    )


def dump_json(document: Mapping[str, Any]) -> str:
    """`document` as indented JSON, keys in the order they were given, with a final newline."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _dump(document: Mapping[str, Any]) -> str:
    """The short way, several times as fast, where every text is short and of one line."""
    out: list[str] = []
    try:
        _mapping(document, "", out)
    except _BeyondError:
        return dump_with_libyaml(document)
    return "".join(out) if document else dump_with_libyaml(document)


class _BeyondError(Exception):
    """Something that only libyaml knows how to spell."""


def _mapping(value: Mapping[str, Any], indent: str, out: list[str]) -> None:
    for key, item in value.items():
        if len(key) > _LONG_KEY_CHARS:
            raise _BeyondError
        out.append(f"{indent}{_scalar(key)}:")
        _behind_key(item, indent, out)


def _behind_key(item: object, indent: str, out: list[str]) -> None:
    if isinstance(item, dict) and item:
        out.append("\n")
        _mapping(item, indent + "  ", out)
    elif isinstance(item, list) and item:
        out.append("\n")
        _sequence(item, indent, out)
    else:
        out.append(f" {_leaf(item)}\n")


def _sequence(value: list[Any], indent: str, out: list[str]) -> None:
    inner = indent + "  "
    for item in value:
        if isinstance(item, (dict, list)) and item:
            at = len(out)
            if isinstance(item, dict):
                _mapping(item, inner, out)
            else:
                _sequence(item, inner, out)
            out[at] = f"{indent}- {out[at].removeprefix(inner)}"
        else:
            out.append(f"{indent}- {_leaf(item)}\n")


def _leaf(item: object) -> str:
    if isinstance(item, str):
        return _scalar(item)
    if isinstance(item, bool) or item is None:
        return {True: "true", False: "false", None: "null"}[item]
    if isinstance(item, int):
        return str(item)
    if isinstance(item, (dict, list)) and not item:
        return "{}" if isinstance(item, dict) else "[]"
    raise _BeyondError


@lru_cache(maxsize=65_536)
def _scalar(text: object) -> str:
    if not isinstance(text, str) or len(text) > _LONG_CHARS or "\n" in text:
        raise _BeyondError
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return dump_with_libyaml({"k": text}).removeprefix("k: ").removesuffix("\n")
