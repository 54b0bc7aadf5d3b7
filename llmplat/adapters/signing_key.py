"""A key file in PEM -> a Signer or a Verifier (ECDSA P-256 or Ed25519)."""

import base64
import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from llmplat.domain.errors import InputError

PASSWORD_NAME = "LLMPLAT_SIGNING_PASSWORD"  # noqa: S105 (the variable's name)
_MAKE = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out model.key"
_PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
_PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class PemVerifier:
    """A public key (a Verifier)."""

    def __init__(self, key: _PublicKey) -> None:
        self._key = key

    @property
    def hint(self) -> str:
        """Names this key, see `Signer.hint`."""
        der = self._key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(der).digest()).decode()

    def is_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is this key's signature of exactly `message`."""
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(signature, message)
            else:
                self._key.verify(signature, message, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


class PemSigner:
    """A private key (a Signer)."""

    def __init__(self, key: _PrivateKey) -> None:
        self._key = key

    @property
    def hint(self) -> str:
        """Names the public key."""
        return PemVerifier(self._key.public_key()).hint

    def sign(self, message: bytes) -> bytes:
        """The signature of `message`; ECDSA by RFC 6979, so that it needs no randomness."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(message)
        return self._key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))


def load_signer(path: Path, password: str | None = None) -> PemSigner:
    """The private key in `path`.

    Raises:
        InputError: no such file, no private key, a password missing or wrong, another algorithm.
    """
    content = _read(path)
    secret = password.encode() if password else None
    try:
        key = load_pem_private_key(content, secret)
    except TypeError as exc:
        raise _unusable(path, str(exc), f"set {PASSWORD_NAME} to the key's password") from exc
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise _unusable(path, _why(content, exc), _MAKE) from exc
    if isinstance(key, ed25519.Ed25519PrivateKey) or _is_p256(key):
        return PemSigner(key)  # type: ignore[arg-type]  # _is_p256 has looked
    raise _unusable(path, "it is neither ECDSA P-256 nor Ed25519", _MAKE)


def load_verifier(path: Path) -> PemVerifier:
    """The public key in `path`; InputError when there is none of ECDSA P-256 or Ed25519."""
    make = "openssl pkey -in model.key -pubout -out model.pub"
    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise _unusable(path, "it holds no public key in PEM", make) from exc
    if isinstance(key, ed25519.Ed25519PublicKey) or _is_p256(key):
        return PemVerifier(key)  # type: ignore[arg-type]  # as above
    raise _unusable(path, "it is neither ECDSA P-256 nor Ed25519", make)


def _is_p256(key: object) -> bool:
    is_curve = isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey)
    return is_curve and isinstance(key.curve, ec.SECP256R1)  # type: ignore[attr-defined]  # looked


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        why = str(exc.strerror or exc)
        raise _unusable(path, why, f"ls -l {path}") from exc


def _why(content: bytes, error: Exception) -> str:
    if b"SIGSTORE PRIVATE KEY" in content or b"COSIGN PRIVATE KEY" in content:
        return "it is in cosign's own encrypted form, which only cosign reads"
    if b"PUBLIC KEY" in content:
        return "it is a public key; signing takes the private one"
    return f"it holds no private key in PEM, or the password is wrong ({error})"


def _unusable(path: Path, why: str, fix: str) -> InputError:
    return InputError(f"The key {path} cannot be used.", why=why, fix=(fix,))
