"""Whole numbers out of texts that others wrote."""

import pytest

from llmplat.domain.units import parse_whole


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_digits_are_a_number(text: str, number: int) -> None:
    assert parse_whole(text) == number


@pytest.mark.parametrize("text", ["", "²", "٣", "-1", "+1", "1.0", " 1", "1\n", "1_0", "9" * 5000])
def test_everything_else_is_none(text: str) -> None:
    assert parse_whole(text) is None
