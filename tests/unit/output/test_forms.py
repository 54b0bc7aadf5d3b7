"""Values into text: JSON, columns, masks, themes."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import pytest

from llmplat.output import as_json
from llmplat.output.mask import Masker
from llmplat.output.theme import Theme
from llmplat.output.view import columns


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    weights_bytes: int
    by_name: dict[str, int]


@dataclass(frozen=True)
class Outer:
    inner_ones: tuple[Inner, ...]
    colour: Colour
    where: Path
    at: datetime
    ratio: float
    names: frozenset[str]


def test_fields_turn_camel_case_and_keys_of_mappings_do_not() -> None:
    outer = Outer(
        (Inner(1, {"snake_name": 2}),),
        Colour.RED,
        Path("/a/b"),
        datetime(2026, 1, 2, tzinfo=UTC),
        float("nan"),
        frozenset({"b", "a"}),
    )
    assert json.loads(as_json.dump(as_json.document("Outer", outer))) == {
        "apiVersion": "llmplat.dev/v1alpha1",
        "kind": "Outer",
        "innerOnes": [{"weightsBytes": 1, "byName": {"snake_name": 2}}],
        "colour": "red",
        "where": "/a/b",
        "at": "2026-01-02T00:00:00+00:00",
        "ratio": None,
        "names": ["a", "b"],
    }


def test_a_value_without_a_json_form_is_our_bug() -> None:
    with pytest.raises(TypeError):
        as_json.to_data(object())


def test_columns_align_whatever_the_colour() -> None:
    theme = Theme(color=True)
    lines = columns([[theme.paint("a", "red"), "x"], ["bbb", "y"]])
    assert lines == ["\x1b[31ma\x1b[0m    x", "bbb  y"]


@pytest.mark.parametrize(
    "secret",
    [
        "sk-llmplat-" + "A" * 43,
        "hf_" + "b" * 34,
        "Bearer abcdefghijklmnop",
        "https://user:password@index.example/simple",
    ],
)
def test_shapes_of_secrets_are_masked_unasked(secret: str) -> None:
    masked = Masker().mask(f"before {secret} after")
    assert secret not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


def test_short_values_are_no_secrets() -> None:
    masker = Masker()
    masker.add("", "a", "abc")
    assert masker.mask("an abc") == "an abc"


def test_a_secret_inside_another_is_masked_whole() -> None:
    masker = Masker()
    masker.add("secret", "secret-and-more")
    assert masker.mask("x secret-and-more y") == "x *** y"


@pytest.mark.parametrize("state", ["ok", "failed", "warning", "running", "waiting", "nonsense"])
def test_a_state_is_a_sign_and_a_word(state: str) -> None:
    for theme in (Theme(), Theme(glyphs=True), Theme(color=True, glyphs=True)):
        assert state in theme.state(state)
    assert Theme().state(state).isascii()
    assert "\x1b" not in Theme(glyphs=True).state(state)
