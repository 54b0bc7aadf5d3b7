"""Whole numbers out of texts that others wrote."""

import pytest

from llmplat.domain.units import parse_duration, parse_size, parse_whole


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_digits_are_a_number(text: str, number: int) -> None:
    assert parse_whole(text) == number


@pytest.mark.parametrize("text", ["", "²", "٣", "-1", "+1", "1.0", " 1", "1\n", "1_0", "9" * 5000])
def test_everything_else_is_none(text: str) -> None:
    assert parse_whole(text) is None


@pytest.mark.parametrize("number", ["9" * 400, "0." + "9" * 400])
def test_an_absurd_number_is_no_size_and_no_duration(number: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(f"{number}GiB")
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(f"{number}h")
