"""What signing needs of the world: a key that signs and a key that checks."""

from typing import Protocol


class Signer(Protocol):
    """A private key."""

    @property
    def hint(self) -> str:
        """Names the public key: base64 of the SHA-256 of its DER form, as sigstore does."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The signature of `message`; the same message always gives the same one."""
        ...


class Verifier(Protocol):
    """A public key."""

    @property
    def hint(self) -> str:
        """Names this key, see `Signer.hint`."""
        ...

    def is_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is this key's signature of exactly `message`."""
        ...
