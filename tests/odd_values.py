"""Each place of a document with an odd value in it: what the tests of broken input go through."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Path = tuple[str | int, ...]
Steps = list[tuple[str | int, Any]]


def all_steps(_path: Path, steps: Steps) -> Steps:
    """Every entry of a list or mapping."""
    return steps


def places(
    value: Any, keep: Callable[[Path, Steps], Steps] = all_steps, path: Path = ()
) -> Iterator[Path]:
    """Every place below `value`; of the entries of each list and mapping those that `keep` leaves."""
    steps: Steps = list(value.items() if isinstance(value, dict) else enumerate(value))
    for step, item in keep(path, steps):
        yield (*path, step)
        if isinstance(item, dict | list):
            yield from places(item, keep, (*path, step))


@contextmanager
def odd_at(document: Any, path: Path, odd: Any) -> Iterator[None]:
    """`odd` at `path` of `document` for a while."""
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    kept, holder[path[-1]] = holder[path[-1]], copy.deepcopy(odd)
    try:
        yield
    finally:
        holder[path[-1]] = kept
