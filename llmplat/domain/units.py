"""Byte sizes, money and durations: parsed, kept as integers, printed one way."""

import re

KIB = 1024
MIB = 1024**2
GIB = 1024**3

NANO = 1_000_000_000
"""Nano-dollars in a dollar: money is an integer of these everywhere."""

_SIZE = re.compile(
    r"^\s*(\d{1,18}(?:\.\d{1,18})?)\s*(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB|Ki|Mi|Gi|Ti)?\s*$"
)
_FACTORS = {
    "B": 1,
    "Ki": KIB,
    "KiB": KIB,
    "Mi": MIB,
    "MiB": MIB,
    "Gi": GIB,
    "GiB": GIB,
    "Ti": 1024**4,
    "TiB": 1024**4,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "TB": 1000**4,
}
_WHOLE = re.compile(r"[0-9]{1,18}")
_DURATION = re.compile(r"^\s*(\d{1,18}(?:\.\d{1,18})?)\s*(ms|s|m|h|d)\s*$")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_whole(text: str) -> int | None:
    """The number that `text` spells in ASCII digits, 18 at the most; None when it is none.

    `str.isdigit` is no such question: it says yes to "²", which `int` refuses.
    """
    return int(text) if _WHOLE.fullmatch(text) else None


def parse_size(text: str) -> int:
    """Bytes of `text` such as "4GiB", "500 MB" or "1024"; ValueError when it is not a size."""
    match = _SIZE.match(text)
    if match is None:
        msg = f"{text!r} is not a size such as 4GiB"
        raise ValueError(msg)
    return round(float(match.group(1)) * _FACTORS[match.group(2) or "B"])


def format_size(size_bytes: int) -> str:
    """`size_bytes` for people, in binary units: 1536 -> "1.5 KiB"."""
    value = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def parse_duration(text: str) -> float:
    """Seconds of `text` such as "30s", "5m" or "250ms"; ValueError when it is not a duration."""
    match = _DURATION.match(text)
    if match is None:
        msg = f"{text!r} is not a duration such as 30s or 5m"
        raise ValueError(msg)
    return float(match.group(1)) * _SECONDS[match.group(2)]


def format_duration(seconds: float) -> str:
    """`seconds` for people: 0.25 -> "250 ms", 95 -> "1 m 35 s"."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} m {rest} s"


def usd_to_nano(usd: float) -> int:
    """Nano-dollars of `usd`."""
    return round(usd * NANO)


def format_usd(nanousd: int) -> str:
    """Dollars for people: at least two digits behind the point, small amounts kept visible."""
    usd = nanousd / NANO
    return f"${usd:.2f}" if usd == 0 or abs(usd) >= 0.01 else f"${usd:.9f}".rstrip("0")
