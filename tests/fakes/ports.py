"""Ports of loopback for servers that begin later: none that the kernel gives to connections meanwhile."""

import secrets
import socket
from functools import cache
from pathlib import Path

_FIRST, _LAST = 10_000, 65_535
_KEPT = {*range(21_700, 22_000), *range(23_000, 25_000)}
"""Those that tests/local and tests/engine take for their platforms."""
_given: set[int] = set()


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now and that this process was not given before."""
    found: list[int] = []
    while len(found) < count:
        port = secrets.choice(_candidates())
        if port not in _given and _is_free(port):
            _given.add(port)
            found.append(port)
    return found


def free_port() -> int:
    """One of them."""
    return free_ports(1)[0]


@cache
def _candidates() -> tuple[int, ...]:
    """Every connection takes a port of the kernel's own range; outside of it a free one stays free."""
    try:
        words = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    except OSError:
        words = ["32768", "60999"]
    low, high = map(int, words)
    ports = [it for it in range(_FIRST, _LAST) if it not in _KEPT]
    outside = tuple(it for it in ports if not low <= it <= high)
    return outside if len(outside) > 1000 else tuple(ports)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
