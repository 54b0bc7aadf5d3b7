"""The single values of a file: names, sizes, durations, money, references, each checked in words."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
)
from pydantic.json_schema import JsonSchemaValue, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from llmplat.domain.units import parse_duration, parse_size

WRONG = "llmplat"
"""Error type of values refused here: their message is already in plain words."""


def refuse(message: str) -> PydanticCustomError:
    """The error for a value, `message` being a plain sentence part; braces are kept as they are."""
    return PydanticCustomError(WRONG, "{message}", {"message": message})


@dataclass(frozen=True)
class Matches:
    """A text of a given form."""

    pattern: str
    means: str
    """What the text is, behind "must be": a plain phrase with an example."""
    max_length: int

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Validate after the type of `source`."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Say the same to editors."""
        return {**handler(schema), "pattern": self.pattern, "maxLength": self.max_length}

    def _check(self, text: str) -> str:
        if len(text) > self.max_length:
            raise refuse(f"has {len(text)} characters; at most {self.max_length} are allowed")
        if re.fullmatch(self.pattern, text, re.ASCII) is None:
            raise refuse(f"must be {self.means}")
        return text


def _duration(value: object) -> float:
    if not isinstance(value, str):
        hint = f"; write {value}s for seconds" if type(value) in {int, float} else ""
        raise refuse(f"must be a duration with its unit such as 30s, 5m or 250ms{hint}")
    try:
        return parse_duration(value)
    except ValueError as exc:
        raise refuse("must be a duration with its unit such as 30s, 5m or 250ms") from exc


def _size(value: object) -> int:
    if not isinstance(value, str) or value.isdigit():
        hint = f"; write {value}GiB or {value}B" if type(value) is int else ""
        raise refuse(f"must be a size with its unit such as 512MiB or 4GiB{hint}")
    try:
        return parse_size(value)
    except (ValueError, OverflowError) as exc:
        raise refuse("must be a size with its unit such as 512MiB or 4GiB") from exc


def _option(value: object) -> object:
    if isinstance(value, tuple) and all(type(item) in {str, int, float} for item in value):
        return value
    if type(value) not in {str, int, float, bool}:
        raise refuse("must be a text, a number, true, false or a list of texts and numbers")
    return value


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.strptime(str(value), _MOMENT).replace(tzinfo=UTC)
    except ValueError as exc:
        raise refuse("must be a time in UTC such as 2026-01-31T12:00:00Z") from exc


_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_DURATION_PATTERN = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"
_SIZE_PATTERN = r"^[0-9]+(\.[0-9]+)? ?(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB|Ki|Mi|Gi|Ti)$"

Duration = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": _DURATION_PATTERN, "examples": ["30s", "5m"]}),
]
"""Seconds, written with a unit."""

Size = Annotated[
    int,
    BeforeValidator(_size),
    WithJsonSchema({"type": "string", "pattern": _SIZE_PATTERN, "examples": ["1GiB"]}),
]
"""Bytes, written with a unit."""

Usd = Annotated[float, Field(ge=0, le=1_000_000_000)]
"""Dollars; at most a billion, kept to a billionth."""

OptionValue = Annotated[
    str | int | float | bool | tuple[str | int | float, ...],
    BeforeValidator(_option),
    WithJsonSchema({"type": ["string", "number", "boolean", "array"]}),
]
"""The value of an engine option."""

Minor = Annotated[
    str, Matches(r"^1\.[0-9]{2}$", 'a minor version of Kubernetes in quotes, such as "1.34"', 4)
]
"""A minor version of Kubernetes."""

_LABEL = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_LABEL_MEANS = "lower-case letters, digits and dashes, starting with a letter, such as team-a"

Label = Annotated[str, Matches(f"^{_LABEL}$", _LABEL_MEANS, 40)]
"""A name that becomes part of host names and folders: a DNS label with room for a suffix."""

Alias = Annotated[
    str,
    Matches(
        r"^[A-Za-z0-9][A-Za-z0-9._:-]*$",
        "letters, digits and . _ : - such as gpt-4o or chat.small",
        100,
    ),
]
"""Another name clients may use for a model."""

ModelRef = Annotated[
    str,
    Matches(
        r"^(\*|[A-Za-z0-9][A-Za-z0-9._:-]*)$",
        'the name or an alias of a model of this file, or "*" for all of them',
        100,
    ),
]
"""A model of this file, by name or alias, or all of them."""

AppRef = Annotated[
    str,
    Matches(f"^{_LABEL}/{_LABEL}$", "a tenant and one of its apps, such as team-a/chat", 81),
]
"""An app of a tenant of this file."""

SecretName = Annotated[
    str,
    Matches(
        r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
        "the name of a secret (never the secret itself): lower-case letters, digits, dashes, dots",
        100,
    ),
]
"""The name of a secret in the secret backend; the secret itself never stands in a file."""

HttpUrl = Annotated[
    str,
    Matches(
        r"^https?://[A-Za-z0-9.\-\[\]:]+(/[^\s?#]*)?$",
        "an address such as https://host/v1, without user, query or fragment",
        500,
    ),
]
"""An http or https address without credentials."""

DnsName = Annotated[
    str,
    Matches(
        r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]([-a-z0-9]*[a-z0-9])?$",
        "a DNS name such as llm.example.com",
        253,
    ),
]
"""A full DNS name."""

EmailAddress = Annotated[
    str,
    Matches(
        r"^[^\s@,;<>]+@([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+$",
        "an e-mail address such as oncall@example.com",
        254,
    ),
]
"""One e-mail address."""

HostPort = Annotated[
    str,
    Matches(
        r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?:[0-9]{1,5}$",
        "host:port such as smtp.example.com:587",
        260,
    ),
]
"""A host and its TCP port."""

Digest = Annotated[
    str, Matches(r"^sha256:[0-9a-f]{64}$", "sha256: and 64 lower-case hex digits", 71)
]
"""A content digest."""

Sha256 = Annotated[str, Matches(r"^[0-9a-f]{64}$", "64 lower-case hex digits", 64)]
"""A SHA-256 in hex."""

Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(lambda at: at.strftime(_MOMENT), return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-31T12:00:00Z"]}),
]
"""A point in time in UTC, to the second."""

Word = Annotated[str, Matches(r"^\S(.*\S)?$", "a text without blanks around it", 300)]
"""A short text of one line."""
