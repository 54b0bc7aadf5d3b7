"""Turns the text of manifests into plain values, as fast as libyaml composes them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml._yaml import CParser

from llmplat.domain.errors import Finding, Where
from llmplat.domain.manifest import Manifest
from llmplat.validate.scalars import ScalarCache

MAX_DEPTH = 100
MAX_SHARED = 100_000
"""Values that the aliases of one file may repeat; more is an attack, not a manifest."""

_PLAIN, _TEXT = "plain", "text"
_CACHE = ScalarCache()


@dataclass(frozen=True)
class Document:
    """One document of a manifest file."""

    file: str
    index: int
    """Its position in the file, from 0."""
    value: Any
    items: tuple[str | int, ...] = ()
    """Where the object stands in the document: ("items", 3) inside a List."""


class Unreadable(Exception):  # noqa: N818 (a state of a file, handled here)
    """The text is not YAML that the API server's clients take."""

    def __init__(self, what: str, mark: yaml.Mark | None) -> None:
        super().__init__(what)
        self.what = what
        self.mark = mark


class _Composer(CParser):
    """Composes nodes; the tag only says whether a scalar was plain or quoted."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def descend_resolver(self, *_: object) -> None:
        """One level deeper; refused before the C stack is in danger."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unreadable(f"values are nested deeper than {MAX_DEPTH} levels", None)

    def ascend_resolver(self) -> None:
        """One level up."""
        self._depth -= 1

    def resolve(self, _kind: object, _value: object, implicit: Any) -> str:  # noqa: ANN401 (PyYAML's pair, or a flag)
        """Which of the two kinds of scalar this is."""
        return _PLAIN if implicit is not True and implicit and implicit[0] else _TEXT


def read_documents(manifest: Manifest) -> Iterator[Document]:
    """The documents of `manifest`; Unreadable at the first that is not YAML."""
    has_aliases = "&" in manifest.content and "*" in manifest.content
    for index, node in enumerate(compose_all(manifest.content)):
        if has_aliases:
            _refuse_runaway(node)
        value = _build(node)
        if value is not None:
            yield from _objects(Document(manifest.path, index, value))


def read_all(manifests: Iterable[Manifest]) -> tuple[list[Document], list[Finding]]:
    """Every document of `manifests`, and a finding for each file that cannot be read."""
    documents: list[Document] = []
    findings: list[Finding] = []
    for manifest in manifests:
        try:
            documents.extend(read_documents(manifest))
        except Unreadable as error:
            findings.append(_unreadable(error, manifest.path))
    return documents, findings


def compose_all(text: str) -> Iterator[yaml.Node]:
    """The node graph of each document; Unreadable when it is not YAML."""
    try:
        composer = _Composer(text)
        while composer.check_node():
            if (node := composer.get_node()) is not None:
                yield node
    except yaml.MarkedYAMLError as error:
        raise Unreadable(error.problem or "not YAML", error.problem_mark) from error
    except yaml.YAMLError as error:
        raise Unreadable(str(error).splitlines()[0], None) from error


def _build(node: Any) -> Any:  # noqa: ANN401 (whatever the node holds)
    """The value of `node`; Unreadable for a foreign tag or a repeated key."""
    kind = node.__class__
    if kind is yaml.ScalarNode:
        return _CACHE[node.value] if node.tag is _PLAIN else _text(node)
    if kind is yaml.SequenceNode:
        return [_build(item) for item in node.value]
    try:
        # Scalars are built in place: this line runs once for each value of a tree.
        made = {
            key.value: _CACHE[item.value] if item.tag is _PLAIN else _build(item)
            for key, item in node.value
        }
    except TypeError:
        raise Unreadable("a key must be a text", node.start_mark) from None
    if len(made) != len(node.value):
        raise _repeated(node)
    return _merged(made, node) if "<<" in made else made


def _text(node: yaml.ScalarNode) -> str:
    if node.tag not in {_TEXT, "tag:yaml.org,2002:str", "!"}:
        raise Unreadable(f"the tag {node.tag} is not for manifests", node.start_mark)
    return str(node.value)


def _repeated(node: yaml.MappingNode) -> Unreadable:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            return Unreadable(f"the key {key.value!r} is there twice", key.start_mark)
        seen.add(key.value)
    return Unreadable("a key is there twice", node.start_mark)


def _merged(made: dict[str, Any], node: yaml.MappingNode) -> dict[str, Any]:
    """YAML 1.1's merge key: own keys win, then the first of several mappings."""
    from_others = made.pop("<<")
    others = from_others if isinstance(from_others, list) else [from_others]
    if not all(isinstance(other, dict) for other in others):
        raise Unreadable("`<<` needs a mapping", node.start_mark)
    for other in others:
        made = {**other, **made}
    return made


def _refuse_runaway(node: Any) -> None:  # noqa: ANN401 (PyYAML's nodes)
    """Refuse aliases that repeat themselves or grow a small file into a large one."""
    sizes: dict[int, int] = {}

    def size(part: Any) -> int:  # noqa: ANN401 (PyYAML's nodes)
        if id(part) in sizes:
            if not sizes[id(part)]:
                raise Unreadable("an alias contains itself", part.start_mark)
            return sizes[id(part)]
        sizes[id(part)] = 0
        below = () if isinstance(part, yaml.ScalarNode) else part.value
        children = (one for item in below for one in (item if isinstance(item, tuple) else (item,)))
        sizes[id(part)] = 1 + sum(size(child) for child in children)
        return sizes[id(part)]

    if size(node) > len(sizes) + MAX_SHARED:
        raise Unreadable("aliases make the file grow too much", node.start_mark)


def _objects(document: Document) -> Iterator[Document]:
    """The objects of a document: itself, or the items of a List."""
    value = document.value
    if (
        isinstance(value, dict)
        and value.get("kind") == "List"
        and isinstance(value.get("items"), list)
    ):
        for position, item in enumerate(value["items"]):
            yield Document(document.file, document.index, item, ("items", position))
    else:
        yield document


def _unreadable(error: Unreadable, file: str) -> Finding:
    mark = error.mark
    where = Where(file, mark.line + 1, mark.column + 1) if mark else Where(file)
    return Finding(
        "manifest-unreadable",
        f"{file} cannot be read: {error.what}.",
        why="Nothing after this place was checked.",
        fix=("correct the YAML; a template must be rendered first",),
        where=where,
    )
