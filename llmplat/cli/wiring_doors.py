"""The composition root of `llmplat doors`: the doors there are, and whose metrics are asked."""

import difflib
from typing import TYPE_CHECKING

from llmplat.domain.errors import InputError, PreconditionError

if TYPE_CHECKING:
    from llmplat.catalog.doors import DoorFacts
    from llmplat.cli.run import Run
    from llmplat.cli.wiring import Opened
    from llmplat.observe.doors import Metrics


def choose(name: str | None) -> "tuple[DoorFacts, ...]":
    """All doors, or the one called `name`; InputError when there is none."""
    from llmplat.catalog.doors import load_doors
    from llmplat.cli.wiring import home

    doors = load_doors(home())
    if name is None:
        return tuple(doors.values())
    if name not in doors:
        near = difflib.get_close_matches(name, doors, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(doors)}"
        raise InputError(f"There is no door called {name}.", why=hint, fix=("llmplat doors",))
    return (doors[name],)


def metrics(run: "Run", opened: "Opened", prometheus: str | None) -> "Metrics":
    """Prometheus where one is named, else the gateway where it runs on this machine."""
    from llmplat.adapters.metrics_source import GatewayMetrics, Prometheus
    from llmplat.cli.wiring_gateway import entrance
    from llmplat.observe.doors import Metrics

    if prometheus is not None:
        return Metrics(prometheus, query=Prometheus(prometheus).query)
    if opened.loaded.platform.substrate.local is None:
        return Metrics()
    try:
        way = entrance(run, opened)
    except PreconditionError:
        return Metrics()
    return Metrics(way.url, count_values=GatewayMetrics(way.url, way.key).count_values)


def running(opened: "Opened") -> tuple[str, ...]:
    """Names of the components that the platform file asks for."""
    from llmplat.cli.wiring import catalog
    from llmplat.plan.cluster.substrate import substrate_of
    from llmplat.plan.implied import switches_of
    from llmplat.plan.layers import make_stack

    platform = opened.loaded.platform
    substrate = substrate_of(platform, catalog())
    stack = make_stack(platform.profile, substrate, switches_of(platform), catalog())
    return tuple(one.name for one in stack.components)
