"""Turns a model into the backend its next request goes to: the least busy one that answered last time."""

import time
from collections.abc import Callable

OUT_FOR_S = 2.0
"""How long a backend that could not be reached gets no request while there is another."""


def get_backend_name(model: str, index: int) -> str:
    """The name LiteLLM knows the backend by."""
    return f"{model}@{index}"


class Backends:
    """How busy and how well each backend is, as this worker sees it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._busy: dict[str, int] = {}
        self._out_until_s: dict[str, float] = {}
        self._turn = 0

    def pick(self, model: str, count: int, tried: set[str]) -> str | None:
        """Takes a place at a backend not in `tried`; None when all were tried."""
        return self.pick_of([get_backend_name(model, index) for index in range(count)], tried)

    def pick_of(self, names: list[str], tried: set[str]) -> str | None:
        """Takes a place at one of `names` that is not in `tried`; None when all were tried."""
        left = [name for name in names if name not in tried]
        if not left:
            return None
        self._turn += 1
        turned = left[self._turn % len(left) :] + left[: self._turn % len(left)]
        now = self._clock()
        chosen = min(
            turned, key=lambda name: (max(0.0, self._out_s(name, now)), self._busy.get(name, 0))
        )
        self._busy[chosen] = self._busy.get(chosen, 0) + 1
        return chosen

    def give(self, name: str, *, is_reachable: bool) -> None:
        """Gives the place back; a backend that was not reachable is out for OUT_FOR_S."""
        self._busy[name] -= 1
        if is_reachable:
            self._out_until_s.pop(name, None)
        else:
            self._out_until_s[name] = self._clock() + OUT_FOR_S

    def _out_s(self, name: str, now: float) -> float:
        return self._out_until_s.get(name, now) - now
