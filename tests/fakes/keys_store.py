"""A keys file in memory (a KeysStore)."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass


@dataclass
class FakeKeysStore:
    """Holds one text."""

    text: str | None = None

    def hold(self) -> AbstractContextManager[None]:
        return nullcontext()

    def read(self) -> str | None:
        return self.text

    def write(self, text: str) -> None:
        self.text = text
