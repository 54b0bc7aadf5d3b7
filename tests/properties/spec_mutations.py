"""Makes faulty files out of valid ones: one change each, the same ones every time."""

import json
import random
from collections.abc import Iterator
from typing import Any

import yaml

JUNK: tuple[object, ...] = (
    None,
    True,
    -1,
    10**400,
    1e308,
    float("inf"),
    "",
    " ",
    "x" * 5000,
    "\u202e\u0000",
    "💥: [",
    [],
    [[[[]]]],
    [None],
    {},
    {"a": {"b": [{"c": None}]}},
    {"": 1},
    "9" * 6000,
)
"""What no key expects everywhere."""

_INSERTS = ("\t", "\0", "\x1b", "\u2028", "&a ", "*a", "!!", "!x ", "|", ">", "{", "[", "}", "]",
            "'", '"', ":", "- ", "? ", "%", "@", "`", "\n", "\r", "  ", "---\n", "...\n", "<<: ",
            "#", ",", "\ufeff", "\ud7ff", "\x85", "~")  # fmt: skip
_BYTES = (b"\xff", b"\xc3\x28", b"\xe2\x82", b"\x00", b"\xf0\x9f", b"\xed\xa0\x80")


def structural(text: str) -> Iterator[tuple[str, bytes]]:
    """Keys dropped, renamed and doubled; values of every other type; items repeated."""
    value = yaml.safe_load(text)
    for path in list(_paths(value)):
        name = ".".join(map(str, path))
        yield f"drop {name}", _dump(_without(value, path))
        for at, junk in enumerate(JUNK):
            yield f"junk {at} at {name}", _dump(_with(value, path, junk))
        holder, last = _at(value, path[:-1]), path[-1]
        if isinstance(holder, dict):
            renamed = {f"{key}x" if key == last else key: item for key, item in holder.items()}
            yield f"rename {name}", _dump(_with(value, path[:-1], renamed))
            more = {**holder, str(last).upper(): 1, "unknown": {"deep": [1]}}
            yield f"add beside {name}", _dump(_with(value, path[:-1], more))
        else:
            yield f"repeat {name}", _dump(_with(value, path[:-1], [*holder, holder[last]] * 2))


def textual(text: str, seed: int) -> Iterator[tuple[str, bytes]]:
    """Truncations, garbage, lost and doubled lines, indentation that is off."""
    dice = random.Random(seed)
    lines = text.splitlines(keepends=True)
    for at in sorted(dice.sample(range(len(text)), 40)):
        yield f"cut at {at}", text[:at].encode()
    for word in _INSERTS:
        for at in dice.sample(range(len(text)), 4):
            yield f"insert {word!r} at {at}", (text[:at] + word + text[at:]).encode()
    for junk in _BYTES:
        for at in dice.sample(range(len(text)), 3):
            yield f"bytes {junk!r} at {at}", text[:at].encode() + junk + text[at:].encode()
    for at, line in enumerate(lines):
        rest = (lines[:at], lines[at + 1 :])
        yield f"line {at} doubled", "".join([*rest[0], line, line, *rest[1]]).encode()
        yield f"line {at} indented", "".join([*rest[0], f" {line}", *rest[1]]).encode()
        yield f"line {at} tabbed", "".join([*rest[0], f"\t{line}", *rest[1]]).encode()
        yield f"line {at} lost", "".join([*rest[0], *rest[1]]).encode()
    for _ in range(40):
        shuffled = bytearray(text.encode())
        for _ in range(dice.randint(1, 30)):
            shuffled[dice.randrange(len(shuffled))] = dice.randrange(256)
        yield "bytes at random", bytes(shuffled)


def _paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children: Any = value.items() if isinstance(value, dict) else ()
    children = enumerate(value) if isinstance(value, list) else children
    for key, child in children:
        yield (*path, key)
        yield from _paths(child, (*path, key))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _with(value: Any, path: tuple[Any, ...], new: object) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _with(value[path[0]], path[1:], new)
    return copy


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _without(value[path[0]], path[1:])
    return copy


def _dump(value: object) -> bytes:
    """JSON is YAML, and keeps odd values odd."""
    return json.dumps(value, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass")
