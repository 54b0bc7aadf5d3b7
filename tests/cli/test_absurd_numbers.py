"""Numbers on the command line that no one means: refused as such, before anything is looked at."""

import pytest

from tests.cli.conftest import Llmplat

HUGE = "9" * 40
FLOATS = ("nan", "inf", "-1", "1e300")


@pytest.mark.parametrize("value", FLOATS)
@pytest.mark.parametrize("verb", ["up", "down", "pause"])
def test_a_time_to_wait(llmplat: Llmplat, verb: str, value: str) -> None:
    ran = llmplat(verb, "--timeout", value)
    assert (ran.code, ran.out) == (2, "")
    assert "--timeout" in ran.err


@pytest.mark.parametrize(
    "words",
    [("cost", "--last", HUGE), ("logs", "--lines", HUGE), ("init", "--budget", "nan"), ("console", "--port", HUGE)],
)  # fmt: skip
def test_a_count(llmplat: Llmplat, words: tuple[str, ...]) -> None:
    ran = llmplat(*words)
    assert (ran.code, ran.out) == (2, "")
    assert words[1] in ran.err


@pytest.mark.parametrize("value", FLOATS)
@pytest.mark.parametrize(
    "option", ["--gpu-memory-gib", "--free-gib", "--weights-gib", "--gpu-memory-utilization"]
)
def test_a_share_or_a_size(llmplat: Llmplat, option: str, value: str) -> None:
    ran = llmplat("gpu-fit", "google/gemma-3-1b-it", "--gpu", "l4", option, value)
    assert ran.code in {2, 3, 4}
    assert "bug" not in ran.err


@pytest.mark.parametrize(
    "option", ["--tp", "--pp", "--max-num-seqs", "--max-num-batched-tokens", "--max-model-len"]
)
def test_a_count_of_the_engine(llmplat: Llmplat, option: str) -> None:
    ran = llmplat("gpu-fit", "google/gemma-3-1b-it", "--gpu", "l4", option, HUGE)
    assert ran.code in {2, 3, 4}
    assert "bug" not in ran.err
