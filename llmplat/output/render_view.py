"""Turns a rendered tree into a stream of YAML, or what was written into lines."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmplat.output.theme import Theme
from llmplat.output.view import View
from llmplat.render.tree import Tree


@dataclass(frozen=True)
class Written:
    """A tree in a folder."""

    folder: str
    is_changed: bool
    tree: Tree


def _human(report: Written, theme: Theme) -> Iterator[str]:
    count = len(report.tree.files)
    outcome = f"{count} files written" if report.is_changed else f"{count} files, unchanged"
    yield theme.state("ok", f"{report.folder}: {outcome}")


def _plain(report: Written) -> Iterator[Sequence[object]]:
    for file in report.tree.files:
        yield "file", file.path
    for artifact in report.tree.artifacts:
        yield "artifact", artifact.name, artifact.digest


def _document(report: Written) -> Mapping[str, Any]:
    return {
        "folder": report.folder,
        "isChanged": report.is_changed,
        **_tree_document(report.tree),
    }


def _tree_document(tree: Tree) -> dict[str, Any]:
    return {
        "platform": tree.platform,
        "files": [{"path": file.path, "content": file.content} for file in tree.files],
        "artifacts": [{"name": a.name, "digest": str(a.digest)} for a in tree.artifacts],
    }


def stream(tree: Tree) -> str:
    """All documents in the order in which they are applied, each under the name of its file."""
    texts = {file.path: file.content for file in tree.files}
    return "".join(_section(path, texts[path]) for path in tree.streamed)


def _section(path: str, text: str) -> str:
    body = text.removeprefix("---\n")
    return f"---\n# {path}\n{body}" + ("" if body.endswith("\n") else "\n")


WRITTEN: View[Written] = View("Rendered", _human, _plain, _document)
TREE: View[Tree] = View(
    "Rendered",
    lambda tree, _theme: [stream(tree)],
    lambda tree: ((file.path,) for file in tree.files),
    _tree_document,
)
"""For machines; people and pipes get `stream`."""
