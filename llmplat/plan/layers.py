"""Turns profile, substrate and switches into layers, components and what is left out."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from llmplat.catalog.component_entries import Component
from llmplat.catalog.entries import Catalog, Layer, SubstrateFacts
from llmplat.domain.errors import PlanError
from llmplat.plan.planned import LeftOut, PlannedComponent, PlannedLayer

CHARTS = "kubernetes"
"""The ability that charts need; without it a component's chart version means nothing."""


@dataclass(frozen=True)
class Stack:
    """The layers of a profile on one substrate."""

    layers: tuple[PlannedLayer, ...]
    components: tuple[PlannedComponent, ...]
    left_out: tuple[LeftOut, ...]


def layers_of(profile: str, catalog: Catalog) -> tuple[Layer, ...]:
    """All layers up to the profile's last one, in order; PlanError for an unknown profile."""
    if profile not in catalog.profiles:
        raise _unknown("profile", profile, catalog.profiles)
    last = catalog.profiles[profile].up_to
    order = next(layer.order for layer in catalog.layers if layer.name == last)
    return tuple(layer for layer in catalog.layers if layer.order <= order)


def make_stack(
    profile: str, substrate: SubstrateFacts, switches: Mapping[str, bool], catalog: Catalog
) -> Stack:
    """What runs and what is left out; `switches` are components turned on or off by the user.

    Raises PlanError when a switch names an unknown component, turns on what the substrate cannot
    run, or turns off what another component requires.
    """
    for name in switches:
        if name not in catalog.components:
            raise _unknown("component", name, catalog.components)
    layers = layers_of(profile, catalog)
    switches = {**_drawn_in(switches, catalog), **switches}
    wanted = [c for layer in layers for c in _wanted(layer, switches, catalog)]
    running = [c for c in wanted if not _lacks(c, substrate)]
    _check_switches(switches, substrate, catalog, layers)
    _check_requirements(running, substrate, catalog)
    components = tuple(_planned(c, substrate, catalog) for c in running)
    return Stack(
        layers=tuple(_layer(layer, components) for layer in layers),
        components=components,
        left_out=tuple(_left_out(c, substrate, catalog) for c in wanted if _lacks(c, substrate)),
    )


def _drawn_in(switches: Mapping[str, bool], catalog: Catalog) -> dict[str, bool]:
    """Optional components that one turned on by the file cannot do without."""
    drawn: dict[str, bool] = {}
    waiting = [name for name, on in switches.items() if on]
    while waiting:
        for required in catalog.components[waiting.pop()].requires:
            if catalog.components[required].optional and required not in drawn:
                drawn[required] = True
                waiting.append(required)
    return drawn


def _wanted(layer: Layer, switches: Mapping[str, bool], catalog: Catalog) -> list[Component]:
    mine = [c for c in catalog.components.values() if c.layer == layer.name]
    return [c for c in mine if switches.get(c.name, not c.optional)]


def _lacks(component: Component, substrate: SubstrateFacts) -> tuple[str, ...]:
    return tuple(need for need in component.needs if need not in substrate.abilities)


def _left_out(component: Component, substrate: SubstrateFacts, catalog: Catalog) -> LeftOut:
    why = substrate.leaves_out.get(component.name)
    if why is None:
        needs = " and ".join(catalog.abilities[need] for need in _lacks(component, substrate))
        why = f"it needs {needs}, which {substrate.name} does not offer"
    return LeftOut(component.name, component.layer, why)


def _planned(component: Component, substrate: SubstrateFacts, catalog: Catalog) -> PlannedComponent:
    version = _version(component, substrate, catalog)
    return PlannedComponent(component.name, component.layer, component.purpose, version)


def _version(component: Component, substrate: SubstrateFacts, catalog: Catalog) -> str | None:
    for name in component.runtimes:
        if name in catalog.runtimes:
            return catalog.runtimes[name].version
    if component.version is None or CHARTS not in substrate.abilities:
        return None
    return component.version.pinned


def _layer(layer: Layer, components: tuple[PlannedComponent, ...]) -> PlannedLayer:
    mine = tuple(c.name for c in components if c.layer == layer.name)
    return PlannedLayer(layer.order, layer.name, layer.title, layer.purpose, mine)


def _check_switches(
    switches: Mapping[str, bool],
    substrate: SubstrateFacts,
    catalog: Catalog,
    layers: tuple[Layer, ...],
) -> None:
    for name, on in switches.items():
        component = catalog.components[name]
        if on and _lacks(component, substrate):
            raise PlanError(
                f"The component {name} cannot run on the substrate {substrate.name}.",
                why=_left_out(component, substrate, catalog).why + ".",
                fix=(f"remove components.{name} from the platform file", "llmplat list components"),
            )
        if on and component.layer not in {layer.name for layer in layers}:
            raise PlanError(
                f"The component {name} belongs to no layer of this profile.",
                why=f"its layer is {component.layer}; the profile ends at {layers[-1].name}.",
                fix=("choose a wider profile", f"remove components.{name} from the platform file"),
            )


def _check_requirements(
    running: list[Component], substrate: SubstrateFacts, catalog: Catalog
) -> None:
    names = {component.name for component in running}
    for component in running:
        for required in component.requires:
            if required not in names and not _lacks(catalog.components[required], substrate):
                raise PlanError(
                    f"The component {required} cannot be turned off.",
                    why=f"{component.name} requires it.",
                    fix=(f"remove components.{required} from the platform file",),
                )


def _unknown(kind: str, name: str, known: Mapping[str, object]) -> PlanError:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}."
    return PlanError(f"There is no {kind} called {name}.", why=hint, fix=(f"llmplat list {kind}s",))
