"""What pydantic found wrong, in plain words with a place in the file."""

import difflib
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from llmplat.domain.errors import Finding
from llmplat.domain.units import format_duration
from llmplat.spec.scalars import WRONG
from llmplat.spec.tree import Path, Tree

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number of a sensible size",
    "bool_type": "true or false",
    "string_type": "a text",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def spell(path: Path) -> str:
    """`path` as people write it: models[0].name."""
    text = ""
    for step in path:
        word = step if isinstance(step, int) or len(step) <= 60 else f"{step[:57]}..."
        text += f"[{word}]" if isinstance(word, int) else f".{word}" if text else word
    return text or "the file"


def describe(value: object) -> str:
    """What stands in the file, short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"{str(value).lower()} (true or false)"
    if isinstance(value, str):
        return f"the text {clip(value)}"
    if isinstance(value, tuple):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "keys with values"
    return f"the number {clip(str(value))}"


def clip(text: str) -> str:
    """`text` in quotes, cut to a readable length."""
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'


def nearest(word: str, known: tuple[str, ...]) -> str | None:
    """The known word that was most likely meant."""
    plain = {item.lower(): item for item in known}
    sought = word.replace("_", "").lower()
    match = difflib.get_close_matches(sought, plain, n=1, cutoff=0.6)
    return plain[match[0]] if match else None


def make_findings(errors: list[ErrorDetails], shape: type[BaseModel], tree: Tree) -> list[Finding]:
    """One finding for each error of validating `tree` against `shape`, in file order."""
    findings = [_finding(error, shape, tree) for error in errors if not _is_echo(error)]
    return in_order(findings)


def in_order(findings: list[Finding]) -> list[Finding]:
    """`findings` as they stand in the file."""
    return sorted(findings, key=_position)


def fields_of(shape: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of `shape` by the key that stands in the file."""
    return {info.alias or name: info for name, info in shape.model_fields.items()}


def shape_at(shape: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The shape of the mapping at `path`, or None where there is none."""
    current: Any = shape
    for step in path:
        for candidate in _unwrap(current):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                info = fields_of(candidate).get(str(step))
                current = info.annotation if info else None
                break
            if get_origin(candidate) in {tuple, dict}:
                current = get_args(candidate)[0 if get_origin(candidate) is tuple else 1]
                break
        else:
            return None
    shapes = (c for c in _unwrap(current) if isinstance(c, type) and issubclass(c, BaseModel))
    return next(shapes, None)


def _position(finding: Finding) -> tuple[int, int]:
    return (finding.where.line, finding.where.column) if finding.where else (0, 0)


def _unwrap(annotation: object) -> Iterator[object]:
    """The alternatives behind Annotated and optional types."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _unwrap(get_args(annotation)[0])
    elif origin in {Union, UnionType}:
        for item in get_args(annotation):
            yield from _unwrap(item)
    else:
        yield annotation


def _is_echo(error: ErrorDetails) -> bool:
    """A list whose items are all faulty also counts as too short: only the items matter."""
    return error["type"] == "too_short" and bool(error["input"])


def _finding(error: ErrorDetails, shape: type[BaseModel], tree: Tree) -> Finding:
    path, kind = tuple(error["loc"]), error["type"]
    if kind == "extra_forbidden":
        return _unknown_key(path, shape, tree)
    if kind == "missing":
        return _missing(path, shape, tree)
    if path and path[-1] == "[key]":
        path = path[:-1]
    ctx = error.get("ctx") or {}
    if kind == "literal_error":
        return _not_among(path, str(ctx["expected"]), tree)
    value = tree.get(path)
    must = _must(kind, error["msg"], ctx, value)
    fix = (f'write "{value}" in quotes',) if _unquoted(kind, value) else ()
    return Finding(
        code="spec-value",
        what=f"{spell(path)} {must}",
        why=f"found {describe(value)}",
        fix=fix,
        where=tree.where_value(path),
    )


def _must(kind: str, message: str, ctx: Mapping[str, Any], value: object) -> str:
    if kind == WRONG:
        return message
    if kind in _EXPECTED:
        return f"must be {_EXPECTED[kind]}"
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        bound = format_duration(ctx[key]) if isinstance(value, str) else f"{ctx[key]:,}"
        return f"must be {words} {bound}"
    if kind == "too_short":
        return f"must have at least {ctx['min_length']} item"
    return f"is not allowed: {message[:1].lower()}{message[1:]}"


def _unquoted(kind: str, value: object) -> bool:
    return kind == "string_type" and type(value) in {int, float}


def _unknown_key(path: Path, shape: type[BaseModel], tree: Tree) -> Finding:
    parent = shape_at(shape, path[:-1])
    known = tuple(fields_of(parent)) if parent else ()
    meant = nearest(str(path[-1]), known)
    fix = f"write {meant}" if meant else f"known keys here: {', '.join(known)}"
    return Finding(
        code="spec-unknown-key",
        what=f"{spell(path[:-1])} has no key {clip(str(path[-1]))}",
        why=f"did you mean {meant}?" if meant else None,
        fix=(fix,),
        where=tree.where(path),
    )


def _missing(path: Path, shape: type[BaseModel], tree: Tree) -> Finding:
    parent = shape_at(shape, path[:-1])
    info = fields_of(parent).get(str(path[-1])) if parent else None
    return Finding(
        code="spec-missing-key",
        what=f"{spell(path)} is missing",
        why=info.description if info else None,
        fix=(f"add {path[-1]}: ...",),
        where=tree.where(path[:-1]),
    )


def _not_among(path: Path, expected: str, tree: Tree) -> Finding:
    allowed = expected.replace("'", "")
    value = tree.get(path)
    meant = (
        nearest(value, tuple(allowed.replace(" or ", ", ").split(", ")))
        if isinstance(value, str)
        else None
    )
    return Finding(
        code="spec-value",
        what=f"{spell(path)} must be {allowed}",
        why=f"found {describe(value)}",
        fix=(f"write {meant}",) if meant else (),
        where=tree.where_value(path),
    )
