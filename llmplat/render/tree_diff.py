"""Two sets of manifests -> what differs, object by object, in lines a reader can judge."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml

from llmplat.domain.errors import InputError
from llmplat.domain.foreign_text import ForeignLoader
from llmplat.domain.manifest import Manifest
from llmplat.render.dump import dump_yaml
from llmplat.render.kinds import kind_of

Key = tuple[str, str, str]
"""group/Kind, namespace, name."""


class TreeAct(StrEnum):
    """What rendering anew would do with an object."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True)
class ObjectChange:
    """One object that differs."""

    act: TreeAct
    kind: str
    """group/Kind."""
    namespace: str
    """"" where it has none."""
    name: str
    details: tuple[str, ...]
    """Lines with + and - of what changes; none for what is added or removed as a whole."""


@dataclass(frozen=True)
class TreeDiffReport:
    """Everything that rendering anew would change."""

    tree: str
    changes: tuple[ObjectChange, ...]


def diff_trees(tree: str, before: Iterable[Manifest], after: Iterable[Manifest]) -> TreeDiffReport:
    """What leads from `before` (the folder called `tree`) to `after`.

    Files of the same text are not read. Raises InputError for a file that is not YAML.
    """
    old, new = {f.path: f.content for f in before}, {f.path: f.content for f in after}
    first = dict(_objects(_differing(old, new)))
    second = dict(_objects(_differing(new, old)))
    changes = (_change(key, first.get(key), second.get(key)) for key in sorted({*first, *second}))
    return TreeDiffReport(tree, tuple(change for change in changes if change is not None))


def _differing(these: Mapping[str, str], those: Mapping[str, str]) -> dict[str, str]:
    return {
        path: text
        for path, text in these.items()
        if those.get(path) != text and path.endswith((".yaml", ".yml"))
    }


def _objects(files: Mapping[str, str]) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    for path, text in files.items():
        try:
            documents = list(yaml.load_all(text, Loader=ForeignLoader))
        except yaml.YAMLError as error:
            raise InputError(
                f"{path} is not YAML.", why=str(error), fix=("compare with a rendered folder",)
            ) from error
        for item in documents:
            metadata = item.get("metadata") if isinstance(item, dict) and "kind" in item else None
            if isinstance(metadata, dict) and "name" in metadata:
                space = str(metadata.get("namespace") or "")
                yield (kind_of(item), space, str(metadata["name"])), item


def _change(
    key: Key, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> ObjectChange | None:
    if old is None:
        return ObjectChange(TreeAct.ADD, *key, ())
    if new is None:
        return ObjectChange(TreeAct.REMOVE, *key, ())
    details = tuple(describe_change(old, new))
    return ObjectChange(TreeAct.CHANGE, *key, details) if details else None


def describe_change(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Changed lines, each under the path of keys that leads to it."""
    before, after = _flat(old), _flat(new)
    for path in dict.fromkeys((*before, *after)):
        if before.get(path) == after.get(path):
            continue
        if path in before and path in after and "\n" in before[path] + after[path]:
            yield f"  {path}:"
            compared = difflib.unified_diff(
                before[path].splitlines(), after[path].splitlines(), n=0, lineterm=""
            )
            yield from (line for line in list(compared)[2:] if not line.startswith("@@"))
            continue
        if path in before:
            yield f"- {path}: {before[path]}"
        if path in after:
            yield f"+ {path}: {after[path]}"


def _flat(value: object, path: str = "") -> dict[str, str]:
    """Leaf by leaf: "spec.replicas" -> "2"; items of a list by their name where they have one."""
    if isinstance(value, Mapping) and value:
        return _joined((f"{path}.{key}" if path else str(key), item) for key, item in value.items())
    if isinstance(value, list) and value:
        return _joined((f"{path}[{_label(item, at)}]", item) for at, item in enumerate(value))
    is_block = isinstance(value, str) and "\n" in value
    return {path: str(value) if is_block else dump_yaml_leaf(value)}


def _joined(parts: Iterable[tuple[str, object]]) -> dict[str, str]:
    return {name: text for path, item in parts for name, text in _flat(item, path).items()}


def _label(item: object, at: int) -> str:
    name = item.get("name") if isinstance(item, Mapping) else None
    return str(name) if isinstance(name, str) else str(at)


def dump_yaml_leaf(value: object) -> str:
    """A single value as YAML spells it."""
    return dump_yaml({"value": value}).removeprefix("value:").strip()
