"""The last lines of a process that died -> a plain reason and what to do about it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why something died, in words, with a fix to try."""

    why: str
    fix: str


_PATTERNS: tuple[tuple[str, str, str], ...] = (
    (
        r"address already in use|\[Errno 98\]|EADDRINUSE",
        "its port is taken by another process",
        "set another substrate.local.port in the platform file",
    ),
    (
        r"model's max seq len .* is larger than the maximum number of tokens|No available memory for the cache blocks|KV cache is needed",
        "the KV cache is too small for the context length",
        "raise engine.kvCacheMemory or lower context for this model",
    ),
    (
        r"out of memory|Cannot allocate memory|MemoryError|std::bad_alloc|DefaultCPUAllocator: (can't|not enough)",
        "it ran out of memory",
        "lower engine.kvCacheMemory, context or concurrency for this model",
    ),
    (
        r"unrecognized arguments|error: argument |invalid choice|ambiguous option",
        "it does not know one of its options",
        "check engine.options of this model against `llmplat plan`",
    ),
    (
        r"Model architectures .* are not supported|does not recognize this architecture|model type `?\w+`? .*not|Unsupported architecture",
        "this engine version does not support the model's architecture",
        "choose a model of a supported family",
    ),
    (
        r"SafetensorError|HeaderTooLarge|InvalidHeaderDeserialization|MetadataIncompleteBuffer|incomplete metadata",
        "a weights file is damaged or cut short",
        "remove the model from the cache and run: llmplat up",
    ),
    (
        r"(No such file or directory|not found).*(config\.json|tokenizer)|Invalid repository ID or local directory|does not appear to have a file named",
        "the model folder lacks files the engine needs",
        "point source at a folder with config.json, tokenizer and weights",
    ),
    (
        r"ModuleNotFoundError|ImportError",
        "its environment is incomplete",
        "remove the environment from the cache and run: llmplat up",
    ),
    (
        r"No space left on device",
        "the disk is full",
        "free disk space, then run: llmplat up",
    ),
    (
        r"Bad file format reading the append only file|AOF .*corrupt|Can't handle RDB format version",
        "the counters' append-only file cannot be read by this Redis",
        "install the Redis version that wrote it, or see docs on repairing counters",
    ),
    (
        r"Permission denied",
        "it may not read or write one of its files",
        "llmplat doctor",
    ),
)


def plain_reason(lines: Sequence[str]) -> Reason | None:
    """The first known cause found in `lines`, the last line first; None when none is known."""
    for line in reversed(lines):
        for pattern, why, fix in _PATTERNS:
            if re.search(pattern, line, re.IGNORECASE):
                return Reason(why, fix)
    return None
