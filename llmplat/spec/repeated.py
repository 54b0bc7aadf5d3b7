"""Finds what stands twice where it may stand once, naming both places."""

from llmplat.domain.errors import Finding
from llmplat.spec.tree import Path, Tree
from llmplat.spec.words import clip


def repeated(tree: Tree, key: str, *names: str, within: Path = ()) -> list[Finding]:
    """Findings for items of the list at `key` that give `names` the same value as an earlier one."""
    first: dict[tuple[object, ...], Path] = {}
    findings: list[Finding] = []
    items = tree.get((*within, key))
    for index, item in enumerate(items if isinstance(items, tuple) else ()):
        path = (*within, key, index, names[-1])
        values = tuple(item.get(name) for name in names) if isinstance(item, dict) else ()
        if not all(isinstance(value, str) for value in values) or not values:
            continue
        if values in first:
            findings.append(twice(tree, str(values[-1]), path, first[values]))
        first.setdefault(values, path)
    return findings


def twice(tree: Tree, name: str, path: Path, earlier: Path) -> Finding:
    """The finding for `name` at `path`, already used at `earlier`."""
    return Finding(
        code="spec-duplicate-name",
        what=f"{clip(name)} is used twice",
        why="a name stands for one thing only",
        fix=("give one of the two another name",),
        where=tree.where_value(path),
        also=(tree.where_value(earlier),),
    )
