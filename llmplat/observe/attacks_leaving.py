"""Bypass attempts that would have a request answered outside, where its data may not go."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmplat.observe.attacks import Attack, Prey, Promise, Who, chat_body, filled, wire

GROUP = "leaving"

_SPELLINGS = (
    "{model}@out0", "{model}@out1", "{model}@OUT0", "{model}@0", "{model}@1", "{model}@out",
    "{model}@burst", "{model}@fallback", "{model}@external", "hosted_vllm/{model}@out0",
    "{model}, {model}@out0",
)  # fmt: skip
"""Names by which the way out might be asked for."""

_FIELDS: dict[str, Mapping[str, Any]] = {
    "fallbacks": {"fallbacks": ["{model}@out0"]},
    "fallbacks of LiteLLM": {"fallbacks": [{"{model}@0": ["{model}@out0"]}]},
    "context window fallbacks": {"context_window_fallbacks": [{"{model}@0": ["{model}@out0"]}]},
    "mock failure": {"mock_testing_fallbacks": True, "fallbacks": ["{model}@out0"]},
    "data class": {"data_class": "public"},
    "data class of metadata": {"metadata": {"data_class": "public", "dataClass": "public"}},
    "data class of extra body": {"extra_body": {"data_class": "public"}},
    "tenant of metadata": {"metadata": {"tenant": "public", "user_api_key_team_id": "public"}},
    "base address": {"api_base": "https://llm.example.com/v1"},
    "model of extra body": {"extra_body": {"model": "{model}@out0"}},
    "specific deployment": {"specific_deployment": "{model}@out0"},
    "model id": {"model_id": "{model}@out0"},
    "model info": {"model_info": {"id": "{model}@out0"}},
    "overflow": {"overflow": "burst"},
    "tags": {"tags": ["external"]},
    "user of a public tenant": {"user": "public"},
}
_HEADERS = (
    ("X-Llmplat-Data-Class", "public"),
    ("X-Llmplat-Backend", "{model}@out0"),
    ("X-Llmplat-Model", "{model}@out0"),
    ("X-Llmplat-Overflow", "burst"),
    ("X-Llmplat-Tenant", "public"),
    ("X-Model", "{model}@out0"),
    ("X-Forwarded-Host", "llm.example.com"),
    ("X-Litellm-Tags", "external"),
    ("X-Litellm-Model-Id", "{model}@out0"),
)


def leaving_attacks() -> Iterator[Attack]:
    """All of them, with a key that may use the model."""
    for spelling in _SPELLINGS:

        def name(prey: Prey, key: str, spelling: str = spelling) -> bytes:
            return wire(prey, key, body=chat_body(prey, model=filled(spelling, prey)))

        yield Attack(f"outside as {spelling}", GROUP, Who.ALLOWED, Promise.REFUSED, name)
    for title, fields in _FIELDS.items():

        def field(prey: Prey, key: str, fields: Any = fields) -> bytes:  # noqa: ANN401 (JSON)
            return wire(prey, key, body=chat_body(prey, **filled(fields, prey)))

        yield Attack(f"outside by {title}", GROUP, Who.ALLOWED, Promise.TAMED, field)
    for header, value in _HEADERS:

        def head(prey: Prey, key: str, header: str = header, value: str = value) -> bytes:
            headers = ((header, filled(value, prey)),)
            return wire(prey, key, body=chat_body(prey), headers=headers)

        yield Attack(f"outside by {header}", GROUP, Who.ALLOWED, Promise.TAMED, head)
