"""YAML text into plain values that remember where they stand: line and column of each key."""

import re
from dataclasses import dataclass, field

import yaml

from llmplat.domain.errors import Finding, Where

Path = tuple[str | int, ...]
"""Keys and list positions from the top of a file to a value."""

MAX_DEPTH = 64
MAX_NODES = 100_000
MAX_REPEATS = 100
"""Keys given twice that are told; reading stops there."""

_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,300})")
_FLOAT = re.compile(r"[-+]?(([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)")
_PLAIN_WORDS = (
    ("cannot start any token", "a tab or another character that YAML does not allow here"),
    ("mapping values are not allowed", "a ':' where no key can start; check the indentation above"),
    ("did not find expected key", "the indentation does not line up with the lines above"),
    ("could not find expected ':'", "a key without ':' behind it"),
    ("unexpected end of stream", "a quote that is never closed"),
    ("did not find expected ',' or ']'", "a list in [ ] that is not closed"),
    ("did not find expected ',' or '}'", "a mapping in { } that is not closed"),
    ("did not find expected node content", "a value is missing"),
    ("expected '-' indicator", "a list item without '-' in front, or indentation that is off"),
    ("incompatible YAML document", "a YAML version this reader does not know"),
)


@dataclass(frozen=True)
class Tree:
    """The values of a file and where each stands."""

    file: str
    value: object
    places: dict[Path, Where]
    """Where each value stands: its key, or for a list item its first character."""
    values_at: dict[Path, Where]
    """Where the value behind a key starts."""

    def where(self, path: Path) -> Where:
        """The place of `path`, or of the nearest mapping or list around it."""
        return _nearest(self.places, path, Where(self.file, 1, 1))

    def where_value(self, path: Path) -> Where:
        """The place of the value at `path` itself, behind its key."""
        return _nearest(self.values_at, path, Where(self.file, 1, 1))

    def get(self, path: Path) -> object:
        """The value at `path`, or None."""
        value = self.value
        for step in path:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, tuple) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value


class BrokenTextError(Exception):
    """The text is not YAML this reader takes; carries the findings."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("not readable as YAML")
        self.findings = findings


def read_tree(text: str, file: str) -> Tree:
    """`text` as a tree; BrokenTextError carries all findings up to the first syntax error."""
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as exc:
        builder.findings.append(_syntax(exc, file, text))
    except yaml.reader.ReaderError as exc:
        builder.findings.append(_character(exc, file, text))
    except _StopReading:
        pass
    if builder.findings:
        raise BrokenTextError(tuple(builder.findings))
    return Tree(file, builder.root, builder.places, builder.values_at)


def resolve(text: str) -> object:
    """A plain scalar by the YAML 1.2 core rules: `no`, `1:30` and dates stay texts."""
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def place_of_offset(text: str, offset: int, file: str) -> Where:
    """Line and column of the character at `offset`."""
    before = text[:offset]
    return Where(file, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


@dataclass
class _Frame:
    """A mapping or list that is still being read."""

    path: Path
    start: Where
    anchor: str | None
    pairs: dict[str, object] | None
    items: list[object]
    key: str | None = None
    nodes: int = 1


@dataclass
class _Builder:
    """Takes the parser's events one by one; never recurses, so depth cannot hurt it."""

    file: str
    root: object = None
    places: dict[Path, Where] = field(default_factory=dict)
    values_at: dict[Path, Where] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _stack: list[_Frame] = field(default_factory=list)
    _anchors: dict[str, tuple[object, int]] = field(default_factory=dict)
    _documents: int = 0

    def take(self, event: yaml.Event) -> None:
        """One event of the parser."""
        mark = event.start_mark
        at = Where(self.file, mark.line + 1, mark.column + 1) if mark else Where(self.file, 1, 1)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, at)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._open(event, at)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(str(event.anchor), at)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._document(at)

    def _document(self, at: Where) -> None:
        self._documents += 1
        if self._documents > 1:
            self._stop("spec-many-documents", "the file holds more than one document", at)

    def _scalar(self, event: yaml.ScalarEvent, at: Where) -> None:
        self._refuse_tag(event.tag, at)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.pairs is not None and frame.key is None:
            self._key(frame, event.value, at)
            return
        plain = not event.style and event.implicit[0]
        value = resolve(event.value) if plain else event.value
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._put(value, at, 1)

    def _key(self, frame: _Frame, key: str, at: Where) -> None:
        frame.key = key
        path = (*frame.path, key)
        if frame.pairs is not None and key in frame.pairs:
            self.findings.append(_duplicate(key, at, self.places[path]))
            if len(self.findings) > MAX_REPEATS:
                raise _StopReading
        self.places.setdefault(path, at)

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, at: Where) -> None:
        self._refuse_tag(event.tag, at)
        if len(self._stack) >= MAX_DEPTH:
            self._stop("spec-too-deep", f"values are nested deeper than {MAX_DEPTH} levels", at)
        path = self._next_path(at)
        self.values_at.setdefault(path, at)
        pairs: dict[str, object] | None = {} if isinstance(event, yaml.MappingStartEvent) else None
        self._stack.append(_Frame(path, at, event.anchor, pairs, []))

    def _close(self) -> None:
        frame = self._stack.pop()
        value: object = tuple(frame.items) if frame.pairs is None else frame.pairs
        if frame.anchor:
            self._anchors[frame.anchor] = (value, frame.nodes)
        self._put(value, frame.start, frame.nodes)

    def _alias(self, anchor: str, at: Where) -> None:
        if anchor not in self._anchors:
            self._stop("spec-unknown-anchor", f"*{anchor} stands for nothing defined before it", at)
        value, nodes = self._anchors[anchor]
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.pairs is not None and frame.key is None:
            self._stop("spec-odd-key", "a key must be a plain text", at)
        self._put(value, at, nodes)

    def _next_path(self, at: Where) -> Path:
        """Where the value about to be read belongs."""
        if not self._stack:
            return ()
        frame = self._stack[-1]
        if frame.pairs is None:
            path: Path = (*frame.path, len(frame.items))
            self.places.setdefault(path, at)
            return path
        if frame.key is None:
            self._stop("spec-odd-key", "a key must be a plain text", at)
        return (*frame.path, str(frame.key))

    def _put(self, value: object, at: Where, nodes: int) -> None:
        self.values_at.setdefault(self._next_path(at), at)
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        frame.nodes += nodes
        if frame.nodes > MAX_NODES:
            self._stop("spec-too-large", f"the file holds more than {MAX_NODES} values", at)
        if frame.pairs is None:
            frame.items.append(value)
        else:
            frame.pairs.setdefault(str(frame.key), value)
            frame.key = None

    def _refuse_tag(self, tag: str | None, at: Where) -> None:
        if tag not in {None, "!"}:
            self._stop("spec-tag", f"the tag {_short(str(tag))} is not allowed", at)

    def _stop(self, code: str, what: str, at: Where) -> None:
        self.findings.append(Finding(code=code, what=what, where=at))
        raise _StopReading


class _StopReading(Exception):  # noqa: N818 (control flow inside this module, not an error)
    """Nothing after this point can be read."""


def _nearest(places: dict[Path, Where], path: Path, default: Where) -> Where:
    for length in range(len(path), 0, -1):
        if path[:length] in places:
            return places[path[:length]]
    return places.get((), default)


def _duplicate(key: str, at: Where, first: Where) -> Finding:
    return Finding(
        code="spec-duplicate-key",
        what=f"{_short(key)} is given twice",
        why="only one of the two could count",
        fix=("remove one of the two",),
        where=at,
        also=(first,),
    )


def _syntax(exc: yaml.MarkedYAMLError, file: str, text: str) -> Finding:
    problem = exc.problem or "not YAML"
    plain = next((words for known, words in _PLAIN_WORDS if known in problem), problem)
    mark = exc.problem_mark or exc.context_mark
    at = Where(file, mark.line + 1, mark.column + 1) if mark else place_of_offset(text, 0, file)
    return Finding(code="spec-yaml", what=f"broken YAML: {plain}", why=exc.context, where=at)


def _character(exc: yaml.reader.ReaderError, file: str, text: str) -> Finding:
    return Finding(
        code="spec-character",
        what="the text holds a character that YAML does not allow",
        why=f"character number {exc.character:#x}" if isinstance(exc.character, int) else None,
        where=place_of_offset(text, int(exc.position), file),
    )


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
