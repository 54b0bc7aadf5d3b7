"""Components -> Argo CD Applications, each with the wave it is synced in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from llmplat.catalog.component_entries import Component
from llmplat.domain.errors import Finding, LockMissingError
from llmplat.plan.cluster.chart_images import image_values
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.owners import namespace_of

CONFIG = "-config"
"""What is added to a component's name for its objects where it has a chart too."""
PROJECT = "llmplat-"
"""What the name of a layer's AppProject begins with."""
ARGO_CD = "argocd"
"""Namespace of Argo CD, where Applications live."""


@dataclass(frozen=True)
class ChartRef:
    """A Helm chart at a fixed version and digest."""

    name: str
    repository: str
    """oci://host/path (the chart's name is appended) or https://host/path."""
    version: str
    digest: str
    """Of the OCI manifest, or of the archive where the repository is a plain web server."""

    @property
    def is_oci(self) -> bool:
        """Whether it comes from an OCI registry, where a digest can be asked for."""
        return self.repository.startswith("oci://")

    @property
    def address(self) -> str:
        """What Argo CD is told as repoURL."""
        return f"{self.repository}/{self.name}" if self.is_oci else self.repository


@dataclass(frozen=True)
class PlannedApplication:
    """One Argo CD Application: either one chart or objects."""

    name: str
    component: str
    layer: str
    wave: int
    namespace: str
    project: str
    chart: ChartRef | None = None
    values: dict[str, Any] = field(default_factory=dict)
    """What the file lays over the component's own values."""
    images: dict[str, Any] = field(default_factory=dict)
    """Values that name the chart's images in the mirror; {} without one."""
    has_objects: bool = False
    """Objects in place of a chart."""
    holds_data: bool = False
    requires: tuple[str, ...] = ()
    """Applications it stands on: they are Healthy before it is made."""
    model: str | None = None
    """Whose it is, where there is one Application for each model."""


def make_applications(ground: Ground) -> tuple[PlannedApplication, ...]:
    """Every Application by wave and name; LockMissingError with all charts the lock lacks."""
    components = [ground.catalog.components[one.name] for one in ground.components]
    of = {c.name: tuple(_parts(c, ground)) for c in components}
    _check_charts(of)
    standing = [_standing(part, of, ground) for parts in of.values() for part in parts]
    waves = _waves(standing, [layer.name for layer in ground.layers])
    made = (replace(part, wave=waves[part.name]) for part in standing)
    return tuple(sorted(made, key=lambda one: (one.wave, one.name)))


def _parts(component: Component, ground: Ground) -> Iterator[PlannedApplication]:
    """The Applications of one component, not yet in any wave: chart first, then objects."""
    if component.each_model is not None:
        yield from _each_model(component, component.each_model, ground)
        if component.objects:
            yield replace(_part(component, component.name), has_objects=True)
        return
    chart = _chart(component, ground)
    if chart is not None:
        given = ground.platform.components.get(component.name)
        values = dict(given.values) if given else {}
        images = image_values(component) if ground.platform.mirror_place else {}
        part = _part(component, component.name)
        yield replace(part, chart=chart, values=values, images=images)
    if component.has_objects or component.objects:
        name = component.name + CONFIG if chart else component.name
        yield replace(_part(component, name), has_objects=True)


def _each_model(component: Component, pattern: str, ground: Ground) -> Iterator[PlannedApplication]:
    owners = {model.name: model.owner for model in ground.models}
    for engine in ground.engines:
        part = _part(component, pattern.replace("{model}", engine.model))
        namespace = namespace_of(owners[engine.model])
        yield replace(part, namespace=namespace, has_objects=True, model=engine.model)


def _part(component: Component, name: str) -> PlannedApplication:
    return PlannedApplication(
        name=name,
        component=component.name,
        layer=component.layer,
        wave=0,
        namespace=component.namespace or ARGO_CD,
        project=PROJECT + component.layer,
        holds_data=component.holds_data,
    )


def _chart(component: Component, ground: Ground) -> ChartRef | None:
    """The component's chart; its digest is "" where the lock does not have it."""
    pin = component.version
    if pin is None or pin.chart is None or pin.repository is None:
        return None
    locked = ground.lock.charts if ground.lock is not None else ()
    found = (c.digest for c in locked if (c.name, c.version) == (pin.chart, pin.pinned))
    return ChartRef(pin.chart, pin.repository, pin.pinned, next(found, ""))


def _check_charts(of: Mapping[str, Sequence[PlannedApplication]]) -> None:
    """Refuse charts without a digest, all of them at once."""
    missing = [p.chart for parts in of.values() for p in parts if p.chart and not p.chart.digest]
    if missing:
        names = [f"{chart.name} {chart.version}" for chart in missing]
        raise LockMissingError(
            f"platform.lock.yaml does not hold {len(missing)} of the charts.",
            why="missing: " + ", ".join(sorted(names)) + ".",
            fix=("llmplat lock",),
            findings=tuple(
                Finding("lock-missing", f"the chart {name} is not locked") for name in names
            ),
        )


def _standing(
    part: PlannedApplication, of: Mapping[str, Sequence[PlannedApplication]], ground: Ground
) -> PlannedApplication:
    """`part` with the Applications it stands on."""
    component = ground.catalog.components[part.component]
    own = [p.name for p in of[part.component] if _comes_before(p, part, component)]
    before = (*component.requires, *component.after)
    others = [n for r in before for n in _ends(of.get(r, ()), part.model)]
    return replace(part, requires=tuple(sorted({*own, *others})))


def _comes_before(
    first: PlannedApplication, part: PlannedApplication, component: Component
) -> bool:
    """Whether `first` of the same component must be there before `part`."""
    if part.model is not None:
        return first.model is None
    one, other = (part, first) if component.objects_first else (first, part)
    return one.chart is not None and other.chart is None


def _ends(parts: Sequence[PlannedApplication], model: str | None) -> Iterator[str]:
    """What to wait for of a required component: its objects rather than its chart, one's own model."""
    for part in parts:
        is_last = part.chart is None or len(parts) == 1
        if is_last and (model is None or part.model in {model, None}):
            yield part.name


def _waves(parts: Sequence[PlannedApplication], layers: Sequence[str]) -> dict[str, int]:
    """Wave of each: depth along `requires` in its layer, behind the last wave of the layer below."""
    waves: dict[str, int] = {}
    start = 0
    for layer in layers:
        mine = {part.name: part for part in parts if part.layer == layer}
        depths: dict[str, int] = {}
        for name in mine:
            _depth(name, mine, depths)
        waves |= {name: start + depth for name, depth in depths.items()}
        start = max(waves.values(), default=-1) + 1
    return waves


def _depth(name: str, mine: Mapping[str, PlannedApplication], depths: dict[str, int]) -> int:
    if name not in depths:
        below = (_depth(other, mine, depths) for other in mine[name].requires if other in mine)
        depths[name] = max(below, default=-1) + 1
    return depths[name]
