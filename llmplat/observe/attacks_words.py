"""Bypass attempts by what a request says: models, fields, prompts."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmplat.observe.attacks import BAIT, Attack, Prey, Promise, Who, chat_body, filled, wire

_MODEL_SPELLINGS: dict[str, str] = {
    "by its name": "{model}",
    "by its alias": "{alias}",
    "with the engine's provider": "hosted_vllm/{model}",
    "with the openai provider": "openai/{model}",
    "as a fan-out of two": "{model},{alias}",
    "as everything": "*",
    "with a blank in front": " {model}",
    "with a line break": "{model}\n",
    "with a NUL": "{model}\x00",
    "with a zero-width blank": "{model}\u200b",
    "in capitals": "{upper}",
    "as an internal deployment": "{model}@0",
    "with a tag": "{model}:latest",
    "as a path": "../{model}",
    "empty": "",
}

_MODEL_VALUES: dict[str, Any] = {
    "as a list": ["{model}"],
    "as an object": {"name": "{model}"},
    "as null": None,
    "as true": True,
    "as a number": 0,
}

FIELDS: dict[str, Mapping[str, Any]] = {
    "api_key": {"api_key": "sk-other"},
    "api_base": {"api_base": "http://127.0.0.1:9/v1"},
    "base_url": {"base_url": "http://127.0.0.1:9/v1"},
    "priority": {"priority": -1_000_000},
    "priority in extra_body": {"extra_body": {"priority": -1_000_000}},
    "mock_response": {"mock_response": BAIT},
    "mock_tool_calls": {"mock_tool_calls": [{"id": BAIT}]},
    "mock_timeout": {"mock_timeout": True, "timeout": 0.01},
    "mock_testing_fallbacks": {"mock_testing_fallbacks": True},
    "num_retries": {"num_retries": 5},
    "timeout": {"timeout": 100_000},
    "n of 50": {"n": 50},
    "best_of of 50": {"best_of": 50},
    "beam search": {"use_beam_search": True, "n": 8},
    "metadata with a caller": {"metadata": {"user_api_key": "sk-x", "user_api_key_team_id": "x"}},
    "metadata with tags": {"metadata": {"tags": ["paid"], "spend_logs_metadata": {"a": 1}}},
    "metadata with a namespace": {"metadata": {"redis_namespace": "platform"}},
    "litellm_metadata": {"litellm_metadata": {"user_api_key_spend": -1000}},
    "no-log": {"no-log": True},
    "extra_headers": {"extra_headers": {"Authorization": "Bearer sk-x"}},
    "litellm_credential_name": {"litellm_credential_name": "default"},
    "cache of another": {"cache": {"namespace": "platform", "use-cache": True}},
    "caching": {"caching": True},
    "fallbacks": {"fallbacks": ["{model}", "gpt-4o"]},
    "context_window_fallbacks": {"context_window_fallbacks": [{"{model}": ["gpt-4o"]}]},
    "model_list": {"model_list": [{"model_name": "x"}]},
    "user_config": {"user_config": {"model_list": []}},
    "custom_llm_provider": {"custom_llm_provider": "openai"},
    "deployment_id": {"deployment_id": "{model}@0"},
    "specific_deployment": {"specific_deployment": True},
    "guardrails": {"guardrails": []},
    "disable_global_guardrails": {"disable_global_guardrail": True},
    "prompt_id": {"prompt_id": "x", "prompt_variables": {}},
    "a price of nothing": {"input_cost_per_token": 0, "output_cost_per_token": 0},
    "proxy_server_request": {"proxy_server_request": {"headers": {}}},
    "secret_fields": {"secret_fields": {"raw_headers": {}}},
    "allowed_openai_params": {"allowed_openai_params": ["priority"]},
    "drop_params": {"drop_params": False, "additional_drop_params": ["max_tokens"]},
    "vllm_xargs": {"vllm_xargs": {"a": 1}},
    "kv_transfer_params": {"kv_transfer_params": {"do_remote_decode": True}},
    "cache_salt": {"cache_salt": "x"},
    "request_id": {"request_id": "req-of-another"},
    "chat_template": {"chat_template": "{% for x in range(10**9) %}a{% endfor %}"},
    "chat_template_kwargs": {"chat_template_kwargs": {"a": 1}},
    "structured_outputs": {"structured_outputs": {"regex": "(a+)+$"}},
    "guided_regex": {"guided_regex": "(a+)+$"},
    "mm_processor_kwargs": {"mm_processor_kwargs": {"a": 1}},
    "prompt_logprobs": {"prompt_logprobs": 1000},
    "logprobs beyond bounds": {"logprobs": True, "top_logprobs": 100_000},
    "return_token_ids": {"return_token_ids": True},
    "usage switched off": {"stream": True, "stream_options": {"include_usage": False}},
    "usage in every chunk": {"stream": True, "stream_options": {"continuous_usage_stats": False}},
    "user of another": {"user": "platform/system"},
    "service_tier": {"service_tier": "priority"},
    "store": {"store": True},
    "web_search_options": {"web_search_options": {}},
    "functions": {"functions": [{"name": "f"}], "function_call": "auto"},
    "an unknown field": {"llmplat": {"admit": True}},
    "a dunder field": {"__class__": "x", "__proto__": {"model": "x"}},
}
"""By name: what is laid over an honest request of a key that may use the model."""

_STOP = {"stop": [" ", "e", "a", "o", "."]}
"""Ends an answer early, so that trying an endless one costs little."""

_CAPPED_FIELDS: dict[str, Mapping[str, Any]] = {
    "max_tokens of a billion": {"max_tokens": 10**9, **_STOP},
    "max_completion_tokens of a billion": {"max_completion_tokens": 10**9, **_STOP},
    "min_tokens of a billion": {"min_tokens": 10**9},
}

_REFUSED_FIELDS: dict[str, Mapping[str, Any]] = {
    "max_tokens below zero": {"max_tokens": -1},
    "max_tokens as text": {"max_tokens": "4"},
    "max_tokens as a fraction": {"max_tokens": 1e9},
    "max_tokens as infinity": {"max_tokens": float("inf")},
    "a hosted tool": {"tools": [{"type": "mcp", "server_url": "http://127.0.0.1:9/"}]},
    "an image by address": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/secret"}}
                ],
            }
        ]
    },
    "a file by path": {
        "messages": [
            {"role": "user", "content": [{"type": "file", "file": {"file_id": "/etc/passwd"}}]}
        ]
    },
    "sound": {
        "messages": [
            {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA=="}}]}
        ]
    },
    "no messages": {"messages": []},
    "messages as text": {"messages": "hello"},
}


def word_attacks() -> Iterator[Attack]:
    """All of them."""
    yield from _models()
    yield from _fields()
    yield from _prompts()


def _models() -> Iterator[Attack]:
    values: dict[str, Any] = {**_MODEL_SPELLINGS, **_MODEL_VALUES}
    for name, value in values.items():

        def make(prey: Prey, key: str, value: Any = value) -> bytes:  # noqa: ANN401 (JSON)
            return wire(prey, key, body=chat_body(prey, model=filled(value, prey)))

        yield Attack(f"model {name}", "other models", Who.BARRED, Promise.REFUSED, make)


def _fields() -> Iterator[Attack]:
    tables = {
        Promise.TAMED: FIELDS,
        Promise.CAPPED: _CAPPED_FIELDS,
        Promise.REFUSED: _REFUSED_FIELDS,
    }
    for promise, table in tables.items():
        for name, fields in table.items():

            def make(prey: Prey, key: str, fields: Mapping[str, Any] = fields) -> bytes:
                return wire(prey, key, body=chat_body(prey, **filled(fields, prey)))

            yield Attack(f"field {name}", "fields", Who.ALLOWED, promise, make)


def _prompts() -> Iterator[Attack]:
    completion = "/v1/completions"
    tries: dict[str, tuple[str, dict[str, Any]]] = {
        "a list of 1000": (completion, {"prompt": ["hello"] * 1000, "max_tokens": 4}),
        "token ids out of range": (completion, {"prompt": [2**40], "max_tokens": 4}),
        "a list of lists of lists": (completion, {"prompt": [[[1]]], "max_tokens": 4}),
        "no prompt": (completion, {"max_tokens": 4}),
        "an embedding of the prompt": (completion, {"prompt_embeds": "AAAA", "max_tokens": 4}),
        "a list of a million words": (completion, {"prompt": ["a " * 10**6], "max_tokens": 4}),
        "embeddings of a chat model": ("/v1/embeddings", {"input": "hello"}),
        "embeddings of 100000 inputs": ("/v1/embeddings", {"input": ["a"] * 100_000}),
    }
    for name, (path, fields) in tries.items():

        def make(prey: Prey, key: str, path: str = path, fields: Any = fields) -> bytes:  # noqa: ANN401 (JSON)
            return wire(prey, key, path=path, body={"model": prey.model, **fields})

        yield Attack(f"prompt: {name}", "prompts", Who.ALLOWED, Promise.REFUSED, make)
    for path, fields in {
        completion: {"prompt": ["a", "b"]},
        "/v1/embeddings": {"input": ["a"]},
    }.items():

        def barred(prey: Prey, key: str, path: str = path, fields: Any = fields) -> bytes:  # noqa: ANN401 (JSON)
            return wire(prey, key, path=path, body={"model": prey.model, **fields})

        yield Attack(f"list at {path}", "prompts", Who.BARRED, Promise.REFUSED, barred)
