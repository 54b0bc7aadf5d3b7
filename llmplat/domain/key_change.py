"""What a tenant asks to be changed about its keys, and where such wishes wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class KeyChange:
    """One wish; of a new key only the hash is known."""

    id: str
    act: str
    """create, rotate or revoke."""
    tenant: str
    app: str
    key: str
    """The key that ends; "" for create."""
    made: str
    """Id of the new key; "" for revoke."""
    sha256: str
    """Of the new key; "" for revoke."""
    lifetime_s: int
    """Of the new key; 0: it does not end."""
    overlap_s: int
    """How long the old key stays good."""
    by: str
    """Id of the key that asked."""
    asked_ms: int
    """When, in milliseconds since 1970, by the counters' clock."""


class ChangeBook(Protocol):
    """Where the changes that tenants asked for wait at the gateway."""

    def open(self) -> Sequence[KeyChange]:
        """Those nobody has decided, the oldest first; GatewayError."""
        ...

    def settle(self, change_id: str, state: str, why: str) -> None:
        """Note that it was approved or rejected; GatewayError."""
        ...
