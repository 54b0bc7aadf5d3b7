"""A statement and a key -> a DSSE envelope in a sigstore bundle, and back.

Formats: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md and
https://github.com/sigstore/protobuf-specs (bundle v0.3). The key is the user's own, so there is no
certificate and no entry of a transparency log.
"""

import base64
import binascii
from dataclasses import dataclass

from llmplat.domain.foreign_text import parse_json
from llmplat.domain.oci import canonical_json
from llmplat.domain.signing import Signer, Verifier

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD = "application/vnd.in-toto+json"


@dataclass(frozen=True)
class Signed:
    """A signed message as a bundle holds it; nothing of it is checked yet."""

    payload_type: str
    payload: bytes
    signatures: tuple[bytes, ...]
    hint: str
    """Which key, as the signer says."""

    def is_by(self, verifier: Verifier) -> bool:
        """Whether `verifier` made one of the signatures."""
        message = pre_authentication(self.payload_type, self.payload)
        return any(verifier.is_signed(message, signature) for signature in self.signatures)


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """What is really signed: DSSE's PAE, so that type and content cannot be mistaken."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign_statement(statement: bytes, signer: Signer) -> bytes:
    """The bundle of `statement`, signed."""
    signature = signer.sign(pre_authentication(PAYLOAD, statement))
    return canonical_json(
        {
            "mediaType": BUNDLE,
            "verificationMaterial": {"publicKey": {"hint": signer.hint}},
            "dsseEnvelope": {
                "payload": _text(statement),
                "payloadType": PAYLOAD,
                "signatures": [{"sig": _text(signature)}],
            },
        }
    )


def read_bundle(content: bytes) -> Signed:
    """What the bundle holds; ValueError when it is none with a DSSE envelope and a public key."""
    try:
        document = parse_json(content)
        envelope = document["dsseEnvelope"]
        return Signed(
            str(envelope["payloadType"]),
            _bytes(envelope["payload"]),
            tuple(_bytes(entry["sig"]) for entry in envelope["signatures"]),
            str(document["verificationMaterial"]["publicKey"].get("hint", "")),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as exc:
        msg = f"it is no sigstore bundle with a DSSE envelope and a public key ({exc!r})"
        raise ValueError(msg) from exc


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except binascii.Error as exc:
        raise ValueError(str(exc)) from exc
