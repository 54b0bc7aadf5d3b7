"""Turns nested texts into the lines of a tree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from llmplat.output.theme import Theme


@dataclass(frozen=True)
class Node:
    """One line and what hangs below it."""

    text: str
    children: Sequence["Node"] = field(default=())


def tree_lines(root: Node, theme: Theme) -> Iterator[str]:
    """`root` and all below it, one line each; branches in ASCII where glyphs cannot be shown."""
    yield root.text
    yield from _below(root, theme, "")


def _below(node: Node, theme: Theme, indent: str) -> Iterator[str]:
    tee, end, bar = ("├─ ", "└─ ", "│  ") if theme.glyphs else ("|- ", "`- ", "|  ")
    for index, child in enumerate(node.children):
        is_last = index == len(node.children) - 1
        yield theme.dim(indent + (end if is_last else tee)) + child.text
        yield from _below(child, theme, indent + ("   " if is_last else bar))
