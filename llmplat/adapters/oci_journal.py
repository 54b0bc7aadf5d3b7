"""What an interrupted upload needs to go on, and which digest which bytes had: small files, no fsync.

A lost or broken note costs a repeated upload, never a wrong image: the registry checks the digest.
"""

import hashlib
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmplat.domain.errors import InputError
from llmplat.domain.oci import Digest


@dataclass(frozen=True)
class Session:
    """An upload that the registry holds open."""

    location: str
    """Where the next request goes; may carry a signature, so it is kept like a secret."""
    offset: int
    """Bytes that the registry has confirmed."""


class Journal:
    """Notes of one repository's uploads under `cache`; other runs see them at once."""

    def __init__(self, cache: Path, repository: str) -> None:
        self._uploads = cache / "uploads" / hashlib.sha256(repository.encode()).hexdigest()[:24]
        self._digests = cache / "layer-digests"

    @property
    def lock_file(self) -> Path:
        """Held while uploads of this repository go on."""
        return self._uploads.with_suffix(".lock")

    def session(self, key: str) -> Session | None:
        """The upload of the bytes `key`, if one was begun."""
        noted = _read(self._uploads / _name(key)) if key else {}
        try:
            return Session(str(noted["location"]), int(noted["offset"]))
        except (KeyError, TypeError, ValueError):
            return None

    def note(self, key: str, session: Session) -> None:
        """Remember how far the upload of `key` is."""
        if key:
            _write(
                self._uploads / _name(key), {"location": session.location, "offset": session.offset}
            )

    def forget(self, key: str) -> None:
        """The upload of `key` is over."""
        if key:
            with suppress(OSError):
                (self._uploads / _name(key)).unlink(missing_ok=True)

    def digest(self, key: str) -> Digest | None:
        """Of the bytes `key`, if they were ever hashed."""
        try:
            return Digest.parse(str(_read(self._digests / _name(key))["digest"])) if key else None
        except (KeyError, InputError):
            return None

    def note_digest(self, key: str, digest: Digest) -> None:
        """Remember the digest of `key`."""
        if key and self.digest(key) != digest:
            _write(self._digests / _name(key), {"digest": str(digest)})

    def forget_digest(self, key: str) -> None:
        """It turned out to be wrong."""
        if key:
            with suppress(OSError):
                (self._digests / _name(key)).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _write(path: Path, document: dict[str, Any]) -> None:
    # A full or read-only disk must not stop an upload: it only cannot be taken up then.
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}")
        aside.touch(mode=0o600)
        aside.write_text(json.dumps(document), encoding="utf-8")
        aside.replace(path)


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
