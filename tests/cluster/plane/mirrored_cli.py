"""`llmplat` as it is, but for the addresses of charts: LLMPLAT_TEST_MIRROR names a file of them.

LLMPLAT_TEST_KILL=step:seconds ends the process by SIGKILL that long after `up` began that step,
LLMPLAT_TEST_KILL_IN=step[,step...] as soon as `down` began one of these steps and asked for something.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmplat.cli import wiring

if TYPE_CHECKING:
    from llmplat.apply.down_steps import Step
    from llmplat.catalog.entries import Catalog
    from llmplat.domain.ports import StepProgress

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
            if not delay_s:
                _kill(0)
            threading.Thread(target=_kill, args=(delay_s,), daemon=True).start()

    InventoryBook.note = note  # type: ignore[method-assign]


def _kill_in(titles: frozenset[str]) -> None:
    """Have the process killed in its first step of `titles`, after the first thing that it asks for."""
    from llmplat.adapters.kube_cluster import KubeCluster
    from llmplat.apply import down_cluster

    steps_of = down_cluster.steps_of

    def killing(step: "Step") -> "Step":
        def act(told: "StepProgress") -> None:
            for name in ("get", "delete"):
                setattr(KubeCluster, name, _last(getattr(KubeCluster, name)))
            step.act(told)

        return replace(step, act=act) if step.title in titles else step

    def steps(*given: Any, **named: Any) -> "Iterator[Step]":
        return map(killing, steps_of(*given, **named))

    down_cluster.steps_of = steps
    if "inventory" in titles:
        # The last of all: what is asked for there may be all that is left.
        down_cluster._end = lambda *_: _kill(0)


def _last(ask: Callable[..., Any]) -> Callable[..., Any]:
    """`ask`, and then the end."""

    def asked(*given: Any, **named: Any) -> None:
        ask(*given, **named)
        _kill(0)

    return asked


def _kill(delay_s: float) -> None:
    time.sleep(delay_s)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    wiring.catalog = _mirrored
    if os.environ.get("LLMPLAT_TEST_KILL"):
        wanted, _, after = os.environ["LLMPLAT_TEST_KILL"].partition(":")
        _kill_at(wanted, float(after))
    if os.environ.get("LLMPLAT_TEST_KILL_IN"):
        _kill_in(frozenset(os.environ["LLMPLAT_TEST_KILL_IN"].split(",")))
    from llmplat.cli.app import main

    main()
