"""A plan, its file and the catalogue -> why a component or a model is there, and as what."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmplat.catalog.component_entries import Component
from llmplat.catalog.entries import Catalog
from llmplat.domain.errors import InputError
from llmplat.plan.cluster.applications import PlannedApplication
from llmplat.plan.implied import implied, named
from llmplat.plan.plan import Plan
from llmplat.render.explain_model import ModelExplanation, explain_model
from llmplat.render.reasons import Reason, reason_at
from llmplat.render.values import make_values
from llmplat.spec.load import LoadedPlatform


@dataclass(frozen=True)
class ExplainedApplication:
    """One Application of a component."""

    name: str
    wave: int
    namespace: str
    follows: str
    """Chart and version, or that it holds objects."""
    requires: tuple[str, ...]


@dataclass(frozen=True)
class ComponentExplanation:
    """One component: whether it runs and why, from where, with what values."""

    name: str
    layer: str
    purpose: str
    is_running: bool
    reasons: tuple[Reason, ...]
    version: str | None
    source: str | None
    applications: tuple[ExplainedApplication, ...]
    required_by: tuple[str, ...]
    values: Mapping[str, Any]
    """What its chart gets in the end."""


def explain(
    name: str, loaded: LoadedPlatform, plan: Plan, catalog: Catalog
) -> ComponentExplanation | ModelExplanation:
    """The component or model called `name` (or an Application of it); InputError for another."""
    model = loaded.platform.model(name)
    if model is not None:
        return explain_model(model.name, loaded, plan)
    component = catalog.components.get(name) or _of_application(name, plan, catalog)
    if component is None:
        raise _unknown(name, loaded, catalog)
    return _component(component, loaded, plan, catalog)


def _of_application(name: str, plan: Plan, catalog: Catalog) -> Component | None:
    planned = plan.cluster.applications if plan.cluster else ()
    return next((catalog.components[one.component] for one in planned if one.name == name), None)


def _component(
    component: Component, loaded: LoadedPlatform, plan: Plan, catalog: Catalog
) -> ComponentExplanation:
    planned = [
        one
        for one in (plan.cluster.applications if plan.cluster else ())
        if one.component == component.name
    ]
    running = {one.name for one in plan.components}
    pin = component.version
    return ComponentExplanation(
        name=component.name,
        layer=component.layer,
        purpose=component.purpose,
        is_running=component.name in running,
        reasons=tuple(_reasons(component, loaded, plan, catalog)),
        version=pin.pinned if pin else None,
        source=f"{pin.source} ({pin.as_of})" if pin else None,
        applications=tuple(_application(one) for one in planned),
        required_by=tuple(
            sorted(n for n in running if component.name in catalog.components[n].requires)
        ),
        values=_values(component, planned, plan),
    )


def _reasons(
    component: Component, loaded: LoadedPlatform, plan: Plan, catalog: Catalog
) -> Iterator[Reason]:
    """Each with the line that decided it; a default is decided by no line of the file."""
    yield from _by_profile(component, loaded, plan, catalog)
    left = next((one for one in plan.left_out if one.name == component.name), None)
    if left is not None:
        kind = plan.substrate
        yield reason_at(f"{kind} does without it: {left.why}", loaded, ("substrate", kind))
    switch, key = _switch(component.name, loaded)
    path = ("components", component.name)
    if switch is not None:
        told = "on" if switch else "off"
        yield reason_at(f"the file turns it {told}", loaded, (key,) if key else path)
    given = loaded.platform.components.get(component.name)
    runs = any(one.name == component.name for one in plan.components)
    if given is not None and given.app is not None and runs:
        yield reason_at(f"it shows the key of {given.app}", loaded, (*path, "app"))
    if given is not None and given.values:
        yield reason_at("the file lays values over ours", loaded, (*path, "values"))
    if component.optional and switch is None:
        yield Reason("it is left out unless the file turns it on", None)


def _switch(name: str, loaded: LoadedPlatform) -> tuple[bool | None, str | None]:
    """Whether the file turns it on or off, and the key that implies it where it is not named."""
    switch = named(loaded.platform).get(name)
    key = implied(loaded.platform).get(name) if switch is None else None
    return (True, key) if key is not None else (switch, None)


def _by_profile(
    component: Component, loaded: LoadedPlatform, plan: Plan, catalog: Catalog
) -> Iterator[Reason]:
    within = any(layer.name == component.layer for layer in plan.layers)
    last = catalog.profiles[plan.profile].up_to
    told = f"the profile {plan.profile} ends with the layer {last}"
    verb = "holds" if within else "ends before"
    yield reason_at(f"{told} and {verb} the layer {component.layer}", loaded, ("profile",))


def _application(planned: PlannedApplication) -> ExplainedApplication:
    chart = planned.chart
    follows = f"chart {chart.address} {chart.version}" if chart else "objects of this tree"
    return ExplainedApplication(
        planned.name, planned.wave, planned.namespace, follows, planned.requires
    )


def _values(
    component: Component, planned: list[PlannedApplication], plan: Plan
) -> Mapping[str, Any]:
    chart = next((one for one in planned if one.chart is not None), None)
    if chart is None or plan.cluster is None:
        return {}
    return make_values(component, plan.cluster.settings, chart.values)


def _unknown(name: str, loaded: LoadedPlatform, catalog: Catalog) -> InputError:
    known = [*catalog.components, *(model.name for model in loaded.platform.models)]
    near = difflib.get_close_matches(name, known, n=1)
    return InputError(
        f"There is no component and no model called {name}.",
        why=f"did you mean {near[0]}?" if near else "the catalogue and the file know no such name.",
        fix=("llmplat list components", "llmplat plan"),
    )
