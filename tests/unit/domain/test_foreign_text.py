"""Texts of others: whatever they hold, the process stays and the error can be caught."""

import pytest
import yaml

from llmplat.domain.foreign_text import MAX_DEPTH, TooDeepError, parse_json, parse_yaml

DEEP = 100_000


@pytest.mark.parametrize("text", ["[" * DEEP, '{"a":' * DEEP, "[" * DEEP + "]" * DEEP])
def test_deep_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="too deep"):
        parse_json(text)


@pytest.mark.parametrize("text", ["[" * DEEP, "{a: " * DEEP, "- " * DEEP, "[" * 500 + "]" * 500])
def test_deep_yaml_is_a_yaml_error(text: str) -> None:
    with pytest.raises(TooDeepError, match=f"deeper than {MAX_DEPTH}"):
        parse_yaml(text)


def test_what_is_not_deep_is_read() -> None:
    assert parse_json('{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}
    assert parse_yaml("a: [1, {b: null}]\nc: &x {d: 2}\ne: *x\n<<: {f: 3}") == {
        "a": [1, {"b": None}], "c": {"d": 2}, "e": {"d": 2}, "f": 3,
    }  # fmt: skip
    assert parse_yaml("") is None
    with pytest.raises(yaml.YAMLError):
        parse_yaml("a: [")
