"""What a registry answers -> our words: one table of causes and fixes."""

import json

from llmplat.adapters.oci_wire import Answer
from llmplat.domain.errors import LlmplatError, RegistryError, RegistryRefusedError
from llmplat.domain.foreign_text import parse_json

PASSING = {408, 425, 429, 500, 502, 503, 504}
"""Answers that may be another one a moment later."""


def refusal(host: str, place: str, act: str, answer: Answer, account: str) -> LlmplatError:
    """The error for `answer` to `act` ("push to", ...) on `place` (registry/repository)."""
    said = f"{host} answered {answer.status}{_told(answer)}"
    if answer.status in {401, 403}:
        return RegistryRefusedError(
            f"You may not {act} {place}.",
            why=f"{said} to {account}",
            fix=(f"docker login {host}", "or ask its owner for the right to push"),
        )
    if answer.status == 404:
        return RegistryRefusedError(
            f"There is no {place}, or you may not see it.",
            why=f"{said} to {account}",
            fix=("check the spelling", "some registries want the repository made first"),
        )
    if answer.status == 413:
        return RegistryRefusedError(
            f"Something is too large for {place}.",
            why=said,
            fix=(
                "save the model in smaller shards (save_pretrained(..., max_shard_size='5GB'))",
                "or raise the limit of the proxy in front of the registry (client_max_body_size)",
            ),
        )
    if is_disk_full(answer):
        return RegistryError(
            f"The disk of {host} is full.",
            why=said,
            fix=("free space there, then run the same command again: it goes on where it is",),
        )
    return RegistryError(
        f"{host} failed to {act} {place}.",
        why=said,
        fix=("run the same command again: what was sent is kept",),
    )


def immutable_tag(place: str, tag: str, answer: Answer, digest: object) -> RegistryRefusedError:
    """The tag exists and may not be written again."""
    return RegistryRefusedError(
        f"The tag {tag} of {place} may not be overwritten.",
        why=f"the registry answered {answer.status}{_told(answer)}",
        fix=(f"use the digest: {place}@{digest}", "or choose another tag"),
    )


def is_immutable(answer: Answer) -> bool:
    """Whether a manifest was refused because its tag is there already."""
    text = _text(answer).lower()
    return answer.status in {400, 403, 405, 409, 412} and (
        "immutable" in text or "already exists" in text or "TAG_INVALID".lower() in text
    )


def is_disk_full(answer: Answer) -> bool:
    """Whether the registry has nowhere to put more."""
    return answer.status == 507 or "no space left" in _text(answer).lower()


def code_of(answer: Answer) -> str:
    """The first error code of the distribution specification in `answer`, "" without one."""
    try:
        return str(parse_json(answer.body)["errors"][0]["code"])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""


def _told(answer: Answer) -> str:
    try:
        first = parse_json(answer.body)["errors"][0]
        detail = first.get("detail")
        words = [first.get("code"), first.get("message"), json.dumps(detail) if detail else None]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ""
    return f" {': '.join(str(word) for word in words if word)}"[:400]


def _text(answer: Answer) -> str:
    return answer.body[:4096].decode("utf-8", "replace")
