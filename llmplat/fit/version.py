"""vLLM's version as text -> what changed when, in one place."""

import re

V1 = (0, 8)
"""From here the V1 engine is the default."""
UNIFIED_POOLS = (0, 8)
TRITON_SAMPLER = (0, 17)
"""Top-k and top-p without sorting the vocabulary."""
KEPT_WORKSPACE = (0, 17)
"""The experts' workspace stays allocated beside the activations."""
NON_TORCH_GREW = (0, 18)
"""More memory outside torch, most of it with tensor parallelism."""
GRAPHS_IN_BUDGET = (0, 21)
"""CUDA graphs are taken out of the budget from here."""
TOKENS_BY_CONCURRENCY = (0, 21)
"""The log's tokens are concurrency x context, no longer blocks / groups x block size."""
HIGH_UTILIZATION = (0, 20)
"""Default utilisation 0.92 instead of 0.9."""
LARGE_BATCH = (0, 20)
"""16,384 batched tokens by default from 160 GiB on."""
NEW_RUNNER = (0, 26)
"""The V2 model runner: its sampler's memory is not well known."""
IN_FLIGHT_STEPS = (0, 31)
"""Windows are planned for every step in flight (two with asynchronous scheduling)."""
NULL_BLOCK_CHECKED = (0, 31)
"""The check for one request leaves out the block that is never used."""
PREFILL_CHECKPOINTS = (0, 32)
"""Mamba 2 keeps one state more per request while a prompt is read (seen in 0.32, not in 0.11)."""
KV_DTYPE_FROM_CHECKPOINT = (0, 12)
"""`auto` follows the checkpoint's own KV-cache scheme."""


def parse_version(text: str | None) -> tuple[int, int]:
    """Major and minor of `text` such as "0.19.0", "v0.6.6-dev" or "0.9.x"; newest when unreadable."""
    match = re.match(r"v?(\d+)\.(\d+)", text or "")
    return (int(match.group(1)), int(match.group(2))) if match else (99, 0)
