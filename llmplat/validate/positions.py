"""Where a value stands in the text of a manifest; only asked when there is a finding."""

from collections.abc import Iterable, Mapping

import yaml

from llmplat.domain.errors import Where
from llmplat.domain.manifest import Manifest
from llmplat.validate.documents import Document, Unreadable, compose_all
from llmplat.validate.faults import Path


class Positions:
    """Line and column of values, by composing a file again when it is asked for."""

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        self._texts: Mapping[str, str] = {one.path: one.content for one in manifests}
        self._nodes: dict[str, list[yaml.Node]] = {}

    def where(self, document: Document, path: Path) -> Where:
        """The place of `path` in `document`, or of the nearest value around it."""
        nodes = self._composed(document.file)
        if document.index >= len(nodes):
            return Where(document.file)
        mark = _find(nodes[document.index], (*document.items, *path))
        return Where(document.file, mark.line + 1, mark.column + 1)

    def _composed(self, file: str) -> list[yaml.Node]:
        if file not in self._nodes:
            # One file at a time: a tree of thousands is not kept as nodes.
            self._nodes = {file: _compose(self._texts.get(file, ""))}
        return self._nodes[file]


def _compose(text: str) -> list[yaml.Node]:
    nodes: list[yaml.Node] = []
    try:
        nodes.extend(compose_all(text))
    except Unreadable:
        return nodes
    return nodes


def _find(node: yaml.Node, path: Path) -> yaml.Mark:
    """The mark of the key (or list entry) at `path`, as far as it exists."""
    mark = node.start_mark
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(step)]
            if not found:
                break
            mark, node = found[0][0].start_mark, found[0][1]
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value)
        ):
            node = node.value[step]
            mark = node.start_mark
        else:
            break
    return mark
