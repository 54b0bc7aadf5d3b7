"""What a bypass attempt is: the bytes a tenant may send, and what must hold whatever comes back."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

CHAT = "/v1/chat/completions"
BAIT = "LLMPLAT-BAIT"
"""A word no honest answer holds: an attack that gets it back has forged an answer."""

Headers = Sequence[tuple[str, str]]


class Who(StrEnum):
    """Whose key an attempt shows."""

    NOBODY = "nobody"
    """No key."""
    BARRED = "barred"
    """A good key that may use no model: any generated text is a bypass."""
    ALLOWED = "allowed"
    """A good key of a tenant that may use the model."""


class Promise(StrEnum):
    """What must hold."""

    REFUSED = "refused"
    """No answer with a 2xx status."""
    TAMED = "tamed"
    """Refused, or served as if the trick were not there: one short choice of the named model."""
    CAPPED = "capped"
    """Refused, or served as TAMED but no longer than the model's own cap."""
    SILENT = "silent"
    """Refused, or nothing told but that the gateway lives."""


@dataclass(frozen=True)
class Prey:
    """The gateway under attack and what an attacker knows of it."""

    host: str
    port: int
    model: str
    alias: str
    """Another spelling of the model, or the same."""
    keys: Mapping[Who, str]


Spell = Callable[[Prey, str], bytes]
"""Prey and key -> the bytes to send."""


@dataclass(frozen=True)
class Attack:
    """One attempt."""

    name: str
    group: str
    who: Who
    promise: Promise
    make: Callable[[Prey, str], bytes]
    """The bytes to send, given the prey and the key ("" for nobody)."""


def filled(value: Any, prey: Prey) -> Any:  # noqa: ANN401 (JSON values)
    """`value` with {model}, {alias} and {upper} filled in, however deep."""
    if isinstance(value, str):
        names = {"{model}": prey.model, "{alias}": prey.alias, "{upper}": prey.model.upper()}
        for mark, name in names.items():
            value = value.replace(mark, name)
        return value
    if isinstance(value, Mapping):
        return {filled(key, prey): filled(item, prey) for key, item in value.items()}
    return [filled(item, prey) for item in value] if isinstance(value, list) else value


def barred(name: str, group: str, spell: Spell) -> Attack:
    """An attempt with a key that may use no model: it has to be refused."""
    return Attack(name, group, Who.BARRED, Promise.REFUSED, spell)


def chat_body(prey: Prey, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON values)
    """A small, honest chat request with `fields` laid over it."""
    messages = [{"role": "user", "content": "Say hello."}]
    return {"model": prey.model, "messages": messages, "max_tokens": 4, **fields}


def wire(  # noqa: PLR0913 (every part of a request may be the bent one)
    prey: Prey,
    key: str,
    *,
    method: str = "POST",
    path: str = CHAT,
    body: bytes | Mapping[str, Any] | None = None,
    headers: Headers = (),
    without: Sequence[str] = (),
) -> bytes:
    """A whole HTTP/1.1 request; `headers` come last, `without` leaves standard ones out."""
    content = json.dumps(body).encode() if isinstance(body, Mapping) else body or b""
    standard = [("Host", f"{prey.host}:{prey.port}"), ("Connection", "close")]
    if key:
        standard.append(("Authorization", f"Bearer {key}"))
    if body is not None:
        standard += [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
    left_out = {name.lower() for name in without}
    kept = [(name, value) for name, value in standard if name.lower() not in left_out]
    lines = [
        f"{method} {path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in [*kept, *headers]),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content


@dataclass(frozen=True)
class Answered:
    """What came back over the wire, taken apart no further than needed."""

    statuses: tuple[int, ...]
    """Of every answer in the stream; none when the connection was just closed."""
    headers: tuple[tuple[str, str], ...]
    """Of the first answer, names in lower case."""
    body: bytes
    """Of the first answer."""
    raw: bytes


_SWITCHED = 101
"""The connection became something else, out of sight of every control."""

_MOST_TOKENS = {Promise.TAMED: 8, Promise.CAPPED: 65_536}

_TALKATIVE = ("x-litellm", "llm_provider", "x-api-base", "server", "x-powered-by")
_SECRETIVE = (b"litellm", b"vllm", b"traceback", b"api_base", b"redis")
_WHOLE_KEY = re.compile(rb"sk-[A-Za-z0-9_-]{16,}")


def judge(attack: Attack, prey: Prey, sent: bytes, answered: Answered) -> str | None:
    """What broke, in words; None when the promise held."""
    loud = [name for name, _ in answered.headers if name.startswith(_TALKATIVE)]
    if loud:
        return f"headers tell of the inside: {', '.join(sorted(loud))}"
    served = [s for s in answered.statuses if 200 <= s < 300 or s == _SWITCHED]
    if not served:
        return _leak(sent, answered)
    if attack.promise is Promise.REFUSED:
        return f"answered with {served[0]}: {_start(answered.body)}"
    if attack.promise is Promise.SILENT:
        return _more_than_alive(answered)
    return _untamed(answered, prey, _MOST_TOKENS[attack.promise])


def _leak(sent: bytes, answered: Answered) -> str | None:
    """Words of the inside that the attacker did not say first."""
    body, said = answered.body.lower(), sent.lower()
    told = [word.decode() for word in _SECRETIVE if word in body and word not in said]
    if _WHOLE_KEY.search(answered.body):
        told.append("a key")
    return f"the refusal tells of the inside: {', '.join(told)}" if told else None


def _more_than_alive(answered: Answered) -> str | None:
    try:
        is_bare = json.loads(answered.body) == {"status": "alive"}
    except ValueError:
        is_bare = False
    return None if is_bare else f"tells more than that it lives: {_start(answered.body)}"


def _untamed(answered: Answered, prey: Prey, most_tokens: int) -> str | None:
    if BAIT.encode() in answered.raw:
        return "the answer was forged"
    documents = _documents(answered.body)
    if not documents:
        return f"served something that is no answer: {_start(answered.body)}"
    models = {document.get("model") for document in documents} - {None}
    if not models <= {prey.model, prey.alias}:
        return f"another model answered: {', '.join(sorted(map(str, models)))}"
    if any(len(document.get("choices") or ()) > 1 for document in documents):
        return "more than one choice was made"
    return _too_long(documents, most_tokens)


def _too_long(documents: Sequence[Mapping[str, Any]], most_tokens: int) -> str | None:
    usages = [document.get("usage") or {} for document in documents]
    most = max(int(usage.get("completion_tokens") or 0) for usage in usages)
    return f"{most} tokens were made" if most > most_tokens else None


def _documents(body: bytes) -> list[dict[str, Any]]:
    """The JSON documents of an answer, streamed or not."""
    texts = [line[6:] for line in body.split(b"\n") if line.startswith(b"data: {")] or [body]
    try:
        documents = [json.loads(text) for text in texts]
    except ValueError:
        return []
    return [document for document in documents if isinstance(document, dict)]


def _start(body: bytes) -> str:
    return body[:120].decode("utf-8", "replace")
