"""Tokens per second and the price of a token."""

import pytest

from llmplat.fit.memory import MemoryNeed
from llmplat.fit.speed import bandwidth_bound_tokens_per_s, nanousd_per_token


def test_bandwidth_bound():
    assert bandwidth_bound_tokens_per_s(300_000_000_000, 15_000_000_000) == pytest.approx(20)


def test_price_is_the_stated_formula():
    # 0.36 USD/h over 100 tokens/s at half load: 0.36 / (100 x 0.5 x 3600) = 2 micro-dollars.
    assert nanousd_per_token(0.36, 100, 0.5) == pytest.approx(2000)


def test_memory_is_the_sum_of_its_items():
    assert MemoryNeed(1, 2, 4).total_bytes == 7
