"""What is said of an image -> an in-toto statement, and back.

Format: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmplat.domain.foreign_text import parse_json
from llmplat.domain.oci import Digest, canonical_json

_TYPE = "https://in-toto.io/Statement/v1"
SIGNATURE = "https://sigstore.dev/cosign/sign/v1"
"""Says nothing but "I vouch for this image"; what `cosign verify` looks for."""
PROVENANCE = "https://slsa.dev/provenance/v1"
SBOM = "https://cyclonedx.org/bom"


@dataclass(frozen=True)
class Statement:
    """One claim about one image."""

    subject: Digest
    predicate_type: str
    predicate: Mapping[str, Any]


def write_statement(name: str, statement: Statement) -> bytes:
    """The statement about the image of repository `name`, as the same bytes every time."""
    return canonical_json(
        {
            "_type": _TYPE,
            "subject": [{"name": name, "digest": {"sha256": statement.subject.hex}}],
            "predicateType": statement.predicate_type,
            "predicate": statement.predicate,
        }
    )


def read_statement(content: bytes) -> Statement:
    """The statement of `content`; ValueError when it is none."""
    try:
        document = parse_json(content)
        (subject,) = document["subject"]
        return Statement(
            Digest(str(subject["digest"]["sha256"])),
            str(document["predicateType"]),
            dict(document["predicate"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as exc:
        msg = f"it is no in-toto statement about one image ({exc})"
        raise ValueError(msg) from exc
