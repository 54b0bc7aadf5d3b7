"""A gateway that remembers what it was told about keys, in order (a KeyGate)."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class FakeKeyGate:
    """`system` is None for a platform that was never started; `is_up` is whether Redis answers."""

    system: str | None = "0" * 64
    is_up: bool = True
    files: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def system_key_sha256(self) -> str | None:
        return self.system

    def publish(self, name: str, text: str) -> bool:
        self.files[name] = text
        self.told.append(name)
        return True

    def published(self, name: str) -> str | None:
        return self.files.get(name)

    def deny(self, key_ids: Sequence[str]) -> bool:
        self.told.append(f"deny {' '.join(key_ids)}")
        return self.is_up
