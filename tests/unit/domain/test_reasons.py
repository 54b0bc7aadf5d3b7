"""Last lines of dead processes and the plain reason found in them."""

import pytest

from llmplat.domain.reasons import plain_reason

CASES = [
    ("OSError: [Errno 98] Address already in use", "port is taken"),
    ("RuntimeError: DefaultCPUAllocator: can't allocate memory: you tried 9 bytes", "of memory"),
    ("MemoryError", "of memory"),
    ("api_server.py: error: unrecognized arguments: --no-such-option", "one of its options"),
    (
        "ValueError: Model architectures ['FooForCausalLM'] are not supported for now.",
        "does not support the model",
    ),
    ("safetensors_rust.SafetensorError: Error while deserializing header", "damaged"),
    (
        (
            "ValueError: To serve at least one request with the models's max seq len (8192), "
            "(1.0 GiB KV cache is needed, which is larger than the available)"
        ),
        "KV cache is too small",
    ),
    ("ModuleNotFoundError: No module named 'vllm'", "environment is incomplete"),
    ("OSError: [Errno 28] No space left on device", "disk is full"),
]


@pytest.mark.parametrize(("line", "why"), CASES)
def test_known_lines_have_a_plain_reason_and_a_fix(line: str, why: str) -> None:
    reason = plain_reason(["INFO starting", line, "INFO: shutting down"])
    assert reason is not None
    assert why in reason.why
    assert reason.fix


def test_the_last_cause_wins_and_an_unknown_one_is_not_guessed() -> None:
    lines = ["MemoryError", "[Errno 98] Address already in use"]
    assert "port" in str(plain_reason(lines))
    assert plain_reason(["all is well", ""]) is None
    assert plain_reason([]) is None
