"""What a platform owns, read from what others may have written on it."""

import pytest

from llmplat.apply.owned import WAVE, find_owned
from tests.fakes.live_platform import NAME, live_platform


@pytest.mark.parametrize(
    ("said", "wave"), [("40", 40), ("-3", -3), ("", 0), ("²", 0), ("--5", 0), ("late", 0)]
)
def test_a_wave_that_is_no_number_is_none(said: str, wave: int) -> None:
    cluster = live_platform()
    for ref, live in cluster.objects.items():
        if ref.kind == "Application" and ref.name == "llm-gateway":
            live["metadata"]["annotations"][WAVE] = said
    waves = {one.name: one.wave for one in find_owned(cluster, NAME).applications}
    assert waves["llm-gateway"] == wave
