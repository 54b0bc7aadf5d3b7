"""Counts failed sign-ins, by address and all together, and says when there were too many."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

PER_ADDRESS = 5
TOGETHER = 300
WINDOW_S = 60.0
_ADDRESSES = 10_000


class Attempts:
    """Failures of the last minute; a good sign-in does not stay among them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._all: deque[float] = deque()
        self._by_address: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str | None) -> int:
        """Seconds until `address` may try again; 0 when it may now.

        None is somebody whose address nobody knows: such count together only.
        """
        mine = self._by_address.get(address, deque()) if address is not None else deque()
        return max(self._left(mine, PER_ADDRESS), self._left(self._all, TOGETHER))

    def begin(self, address: str | None) -> None:
        """Counts an attempt as failed before it is known: many at once count as many."""
        now = self._clock()
        self._all.append(now)
        if address is None:
            return
        self._by_address.setdefault(address, deque(maxlen=PER_ADDRESS)).append(now)
        self._by_address.move_to_end(address)
        while len(self._by_address) > _ADDRESSES:
            self._by_address.popitem(last=False)

    def forgive(self, address: str | None) -> None:
        """Takes the last one back: it was no failure of whoever tried."""
        mine = self._by_address.get(address) if address is not None else None
        for moments in (mine, self._all):
            if moments:
                moments.pop()

    def _left(self, moments: deque[float], most: int) -> int:
        now = self._clock()
        while moments and now - moments[0] >= WINDOW_S:
            moments.popleft()
        return max(1, round(WINDOW_S - (now - moments[0]))) if len(moments) >= most else 0
