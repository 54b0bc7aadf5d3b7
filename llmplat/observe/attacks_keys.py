"""Bypass attempts by what is shown as a key: none, false ones, good ones in the wrong place."""

import hashlib
import json
from collections.abc import Iterator

from llmplat.observe.attacks import Attack, Prey, Promise, Who, chat_body, wire


def key_attacks() -> Iterator[Attack]:
    """All of them."""
    shown: dict[str, str] = {
        "none at all": "",
        "an empty one": "Bearer ",
        "the word null": "Bearer null",
        "a common master key": "Bearer sk-1234",
        "only the prefix": "Bearer sk-llmplat-",
        "a made-up one": f"Bearer sk-llmplat-{'A' * 43}",
        "very long": f"Bearer sk-llmplat-{'A' * 20_000}",
        "Basic": "Basic c2stbGxtcGxhdDo=",
        "a JSON web token without a signature": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
        "the name of the system key": "Bearer system",
        "a wildcard": "Bearer *",
    }
    for name, value in shown.items():

        def make(prey: Prey, key: str, value: str = value) -> bytes:
            headers = [("Authorization", value)] if value else []
            return wire(prey, key, body=chat_body(prey), headers=headers)

        yield Attack(f"key: {name}", "keys", Who.NOBODY, Promise.REFUSED, make)
    yield from _known_keys()


def _known_keys() -> Iterator[Attack]:
    """A good key shown where or how it must not count."""

    def as_hash(prey: Prey, _: str) -> bytes:
        value = hashlib.sha256(prey.keys[Who.ALLOWED].encode()).hexdigest()
        return wire(prey, "", body=chat_body(prey), headers=[("Authorization", f"Bearer {value}")])

    def twice(prey: Prey, _: str) -> bytes:
        barred, good = prey.keys[Who.BARRED], prey.keys[Who.ALLOWED]
        headers = [("Authorization", f"Bearer {barred}"), ("Authorization", f"Bearer {good}")]
        return wire(prey, "", body=chat_body(prey), headers=headers)

    def in_body(prey: Prey, _: str) -> bytes:
        body = json.dumps({**chat_body(prey), "key": prey.keys[Who.ALLOWED]}).encode()
        return wire(prey, "", body=body)

    yield Attack("key: its hash", "keys", Who.NOBODY, Promise.REFUSED, as_hash)
    yield Attack("key: two headers", "keys", Who.NOBODY, Promise.REFUSED, twice)
    yield Attack("key: in the body", "keys", Who.NOBODY, Promise.REFUSED, in_body)
    for header in ("x-api-key", "api-key", "x-goog-api-key", "x-litellm-api-key", "Cookie"):

        def elsewhere(prey: Prey, _: str, header: str = header) -> bytes:
            value = prey.keys[Who.ALLOWED]
            shown = f"token={value}" if header == "Cookie" else value
            return wire(prey, "", body=chat_body(prey), headers=[(header, shown)])

        yield Attack(f"key: in {header}", "keys", Who.NOBODY, Promise.REFUSED, elsewhere)
