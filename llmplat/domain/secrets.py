"""Where secret values are kept, as the stages see it: names, ages and versions, and one way in."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class StoredSecret:
    """A secret that a backend has a value of; never the value."""

    name: str
    """In the backend."""
    versions: int
    changed: str
    """When the newest value came, ISO 8601; "" where the backend does not say."""


class SecretBackend(Protocol):
    """One place of values. Methods raise what the place raises: CloudError or ClusterError kinds."""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        ...

    def stored(self, names: tuple[str, ...]) -> tuple[StoredSecret, ...]:
        """Those of `names` that have a value, sorted."""
        ...

    def read(self, name: str) -> str | None:
        """The newest value; None when there is none. Callers mask it wherever anything is written."""
        ...

    def create(self, name: str, value: str) -> bool:
        """Keep `value` unless there is one; False when there is.

        PreconditionError where the backend may not make room for a new name.
        """
        ...

    def replace(self, name: str, value: str) -> int:
        """Put `value` in place of the one there; the number of its version."""
        ...
