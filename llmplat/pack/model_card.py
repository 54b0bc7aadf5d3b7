"""The files of a model -> what they say of it: the facts of config.json, the licence of README.md."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from llmplat.domain.foreign_text import parse_json, parse_yaml
from llmplat.domain.registry import Member
from llmplat.fit.config_facts import read_config_facts
from llmplat.pack.request import PackFile

_MOST_BYTES = 4 * 1024 * 1024
_HEAD = re.compile(rb"\A---\r?\n(.*?)\r?\n---\r?\n", re.DOTALL)
_LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+ _-]{0,79}")


def read_config(files: Iterable[PackFile]) -> Mapping[str, Any]:
    """The facts of config.json; none where it is missing or broken."""
    try:
        document = parse_json(_content(files, "config.json"))
    except ValueError:
        return {}
    return read_config_facts(document) if isinstance(document, dict) else {}


def read_licence(files: Iterable[PackFile]) -> str | None:
    """The licence that the head of README.md states, as hubs keep it; None where it does not."""
    head = _HEAD.match(_content(files, "README.md"))
    try:
        document = parse_yaml(head[1]) if head else None
    except yaml.YAMLError:
        return None
    stated = document.get("license") if isinstance(document, dict) else None
    return stated if isinstance(stated, str) and _LICENCE.fullmatch(stated) else None


def _content(files: Iterable[PackFile], path: str) -> bytes:
    member = next((file.member for file in files if file.path == path), None)
    return b"" if member is None or member.size_bytes > _MOST_BYTES else _whole(member)


def _whole(member: Member) -> bytes:
    return b"".join(member.stream())
