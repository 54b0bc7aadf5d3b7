"""Quantities: the same amount in any spelling, and nothing else is one."""

from decimal import Decimal

import pytest

from llmplat.domain.quantity import is_same_quantity, parse_quantity

SAME = [
    ("1000", "1k"),
    ("2000", "2k"),
    ("0.5", "500m"),
    ("1Gi", "1024Mi"),
    ("1024", "1Ki"),
    ("3", "3"),
]
OTHER = [("1000", "1Ki"), ("1", "1m"), ("1k", "1M"), ("team-a", "team-a"), ("", ""), ("k", "k")]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_as_much_in_another_spelling(one: str, other: str) -> None:
    assert is_same_quantity(one, other)
    assert is_same_quantity(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_amount_or_no_amount(one: str, other: str) -> None:
    assert not is_same_quantity(one, other)


def test_exact() -> None:
    assert parse_quantity("0.1") == Decimal("0.1")
    assert parse_quantity("80Gi") == 80 * 1024**3
    assert [parse_quantity(word) for word in ("NaN", "inf", "1e9999999999")] == [None] * 3
