"""Keys made for a test."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def write_keys(folder: Path, key: object = None, password: str | None = None) -> tuple[Path, Path]:
    """A private and a public key file."""
    made = key or new_key()
    lock = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    private, public = folder / "model.key", folder / "model.pub"
    private.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    form = PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(made.public_key().public_bytes(Encoding.PEM, form))
    return private, public
