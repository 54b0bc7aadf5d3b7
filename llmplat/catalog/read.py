"""Turns catalogue files into plain mappings with checked keys."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from llmplat.domain.errors import CatalogError

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Entry = TypeVar("Entry")


class Record:
    """One mapping of a catalogue file; every key must be asked for, else it is refused."""

    def __init__(self, facts: Mapping[str, Any], where: str) -> None:
        self._facts = dict(facts)
        self._where = where
        self._asked: set[str] = set()

    def text(self, key: str) -> str:
        """The value of `key` as text (dates included); CatalogError when absent or empty."""
        value = self._value(key)
        if value is None or isinstance(value, (dict, list)) or not str(value).strip():
            raise self.wrong(key, "a text is needed", value)
        return str(value)

    def optional_text(self, key: str) -> str | None:
        """The value of `key`, or None when the file does not say."""
        return self.text(key) if key in self._facts else None

    def number(self, key: str) -> float:
        """The value of `key`, a positive number."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
            raise self.wrong(key, "a positive number is needed", value)
        return value

    def optional_number(self, key: str) -> float | None:
        """The value of `key`, or None when the file does not say."""
        return self.number(key) if key in self._facts else None

    def has(self, key: str) -> bool:
        """Whether the file says anything about `key`."""
        return key in self._facts

    def whole(self, key: str) -> int:
        """The value of `key`, a positive whole number."""
        value = self.number(key)
        if not isinstance(value, int):
            raise self.wrong(key, "a whole number is needed", value)
        return value

    def flag(self, key: str) -> bool:
        """The value of `key`, False when the file does not say."""
        value = self._value(key)
        if not isinstance(value, bool | None):
            raise self.wrong(key, "true or false is needed", value)
        return bool(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """The list under `key`, empty when the file does not say."""
        value = self._value(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "a list of texts is needed", value)
        return tuple(value)

    def mapping(self, key: str) -> Mapping[str, str]:
        """The mapping under `key`, empty when the file does not say."""
        value = self._value(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.wrong(key, "a mapping is needed", value)
        return {str(name): str(text) for name, text in value.items()}

    def tree(self, key: str) -> Mapping[str, Any]:
        """The mapping under `key` as it is, whatever it holds; empty when the file does not say."""
        value = self._value(key)
        if not isinstance(value, dict | None):
            raise self.wrong(key, "a mapping is needed", value)
        return value or {}

    def limit(self, key: str) -> float | None:
        """The value of `key`, a number of 0 or more; None when the file does not say."""
        value = self._value(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise self.wrong(key, "a number of 0 or more is needed", value)
        return float(value)

    def record(self, key: str) -> "Record | None":
        """The mapping under `key` as a record of its own, or None."""
        value = self._value(key)
        return None if value is None else Record(value, f"{self._where}:{key}")

    def records(self, key: str) -> tuple["Record", ...]:
        """The list of mappings under `key`."""
        value = self._value(key) or []
        return tuple(Record(row, f"{self._where}:{key}[{n}]") for n, row in enumerate(value))

    def done(self) -> None:
        """Refuse keys that nobody asked for."""
        unknown = sorted(set(self._facts) - self._asked)
        if unknown:
            raise self.wrong(unknown[0], "no such key", self._facts[unknown[0]])

    def wrong(self, key: str, why: str, value: object) -> CatalogError:
        """What to raise when `key` is not as it must be."""
        return CatalogError(
            f"The catalogue file {self._where} is wrong.",
            why=f"{key}: {why}, it says {value!r}.",
            fix=("report this as a bug; it is data that llmplat ships",),
        )

    def _value(self, key: str) -> Any:  # noqa: ANN401 (whatever YAML holds; callers narrow it)
        self._asked.add(key)
        return self._facts.get(key)


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping in the YAML file at `path`; CatalogError when it is not one."""
    try:
        document = yaml.load(path.read_bytes(), Loader=_Loader)  # noqa: S506 (a safe loader)
    except (OSError, yaml.YAMLError) as exc:
        raise CatalogError(
            f"The catalogue file {path} cannot be read.", why=str(exc), fix=("reinstall llmplat",)
        ) from exc
    if not isinstance(document, dict):
        raise CatalogError(
            f"The catalogue file {path} is wrong.",
            why="it does not hold a mapping.",
            fix=("report this as a bug; it is data that llmplat ships",),
        )
    return document


def read_each(paths: Iterable[Path], make: Callable[[Record], Entry]) -> dict[str, Entry]:
    """One entry per file, by its name, sorted; CatalogError on duplicates and unknown keys."""
    entries: dict[str, Entry] = {}
    for path in sorted(paths):
        record = Record(read_mapping(path), str(path))
        entry = make(record)
        record.done()
        name = record.text("name")
        if name in entries:
            raise record.wrong("name", "used by two files", name)
        entries[name] = entry
    return dict(sorted(entries.items()))
