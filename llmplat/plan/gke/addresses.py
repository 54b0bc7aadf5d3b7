"""Address ranges of one network: which are broken, which overlap."""

from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from itertools import combinations

SMALLEST_BITS = 29
"""https://cloud.google.com/vpc/docs/subnets#valid-ranges"""


def broken_range(ranges: Mapping[str, str]) -> str | None:
    """The first of `ranges` (name -> CIDR) that is none."""
    return next((text for text in ranges.values() if _network(text) is None), None)


def small_range(ranges: Mapping[str, str]) -> str | None:
    """The first of `ranges` (name -> CIDR) that is smaller than any that Google makes, by its name."""
    networks = ((name, _network(text)) for name, text in ranges.items())
    return next((f"{n} {it}" for n, it in networks if it and it.prefixlen > SMALLEST_BITS), None)


def overlap(ranges: Mapping[str, str]) -> tuple[str, str] | None:
    """Two of `ranges` that share addresses, in words; and what they share."""
    networks = {name: _network(text) for name, text in ranges.items()}
    for (one, first), (other, second) in combinations(networks.items(), 2):
        if first is not None and second is not None and first.overlaps(second):
            smaller = max(first, second, key=lambda network: network.prefixlen)
            return f"{one} {first} and {other} {second}", f"Both hold {smaller}."
    return None


def _network(text: str) -> IPv4Network | None:
    try:
        return IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError):
        return None
