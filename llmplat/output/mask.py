"""Turns text that may hold secrets into text that holds none."""

import re

MASK = "***"

_PATTERNS = (
    (re.compile(r"sk-llmplat-[A-Za-z0-9_-]{20,}"), f"sk-llmplat-{MASK}"),
    (re.compile(r"\bhf_[A-Za-z0-9]{20,}"), f"hf_{MASK}"),
    (re.compile(r"(?i)(bearer\s+)[A-Za-z0-9._~+/=-]{16,}"), rf"\g<1>{MASK}"),
    (re.compile(r"(://)[^/\s:@]+:[^/\s@]+@"), rf"\g<1>{MASK}@"),
)
_SHORTEST = 6


class Masker:
    """Knows the secret values of this run and the shapes of secrets in general."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def add(self, *values: str) -> None:
        """Remember `values`; ones too short to be secrets are left out, they would eat words."""
        self._values.update(value for value in values if len(value) >= _SHORTEST)

    def mask(self, text: str) -> str:
        """`text` with every known value and every secret's shape replaced."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, MASK)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text
