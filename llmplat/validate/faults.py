"""What is wrong at one place of a value, and the functions that find it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """What is wrong at one place of a value."""

    path: Path
    what: str
    known: tuple[str, ...] = ()
    """The keys or values that would have been right."""
    is_unknown_key: bool = False

    def below(self, step: str | int) -> "Fault":
        """The same fault as seen from the value around."""
        return replace(self, path=(step, *self.path))


Faults = list[Fault] | None
Check = Callable[[Any], Faults]
Schema = Mapping[str, Any]


def spell(value: object) -> str:
    """What stands in the manifest, short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'the text "{value}"' if len(value) <= 60 else f'the text "{value[:57]}..."'
    if isinstance(value, dict):
        return "keys with values"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return f"the number {value}"
