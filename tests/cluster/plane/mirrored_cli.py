"""`llmplat` as it is, but for the addresses of charts: LLMPLAT_TEST_MIRROR names a file of them.

LLMPLAT_TEST_KILL=step:seconds ends the process by SIGKILL that long after `up` began that step.
"""

import json
import os
import signal
import threading
import time
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from llmplat.cli import wiring

if TYPE_CHECKING:
    from llmplat.catalog.entries import Catalog

_shipped = wiring.catalog


@lru_cache(maxsize=1)
def _mirrored() -> "Catalog":
    places = json.loads(Path(os.environ["LLMPLAT_TEST_MIRROR"]).read_text())
    catalog = _shipped()
    components = dict(catalog.components)
    for name, place in places.items():
        one = components[name]
        assert one.version is not None
        components[name] = replace(one, version=replace(one.version, repository=place))
    return replace(catalog, components=components)


def _kill_at(step: str, delay_s: float) -> None:
    """Have the process killed from a thread of its own, wherever the run is by then."""
    from llmplat.apply.cluster_inventory import InventoryBook

    noted = InventoryBook.note

    def note(book: InventoryBook, **changes: object) -> None:
        noted(book, **changes)
        if changes.get("step") == step or (step == "claim" and "llmplat" in changes):
            threading.Thread(target=_kill, args=(delay_s,), daemon=True).start()
            if not delay_s:
                time.sleep(5)

    InventoryBook.note = note  # type: ignore[method-assign]


def _kill(delay_s: float) -> None:
    time.sleep(delay_s)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    wiring.catalog = _mirrored
    if os.environ.get("LLMPLAT_TEST_KILL"):
        wanted, _, after = os.environ["LLMPLAT_TEST_KILL"].partition(":")
        _kill_at(wanted, float(after))
    from llmplat.cli.app import main

    main()
