"""What others stand on is made first.

Argo CD makes things wave by wave. An object whose type, namespace or controller comes in a later wave
fails, or waits until somebody retries.
"""

from collections.abc import Iterator

from llmplat.validate.objects import Object, Objects, get
from llmplat.validate.smell import Smell
from llmplat.validate.waves import WAVE, Layout

_CRD = "apiextensions.k8s.io/CustomResourceDefinition"
_PLACE = ("metadata", "annotations", WAVE)


def find(objects: Objects) -> Iterator[Smell]:
    """Objects, or the Applications that hold them, that come before what they need."""
    layout = Layout(objects)
    types = {_type_of(crd): crd for crd in objects.of(_CRD)}
    spaces = {one.name: one for one in objects.of("Namespace")}
    told: set[tuple[str, str]] = set()
    for one in objects.all:
        group = one.kind.rpartition("/")[0]
        if group == "argoproj.io":
            continue  # what runs Argo CD made its types, and its namespace, beforehand
        needed = (types.get(one.kind), spaces.get(one.namespace), layout.chart_of_group.get(group))
        for need in needed:
            if need is None or need is one or not _is_late(need, one, layout):
                continue
            blamed = layout.application_of(one) or one
            if (blamed.name, need.name) not in told:
                told.add((blamed.name, need.name))
                yield _smell(blamed, one, need, layout)


def _is_late(need: Object, one: Object, layout: Layout) -> bool:
    """Whether `need` is made after `one`, or at the same time by another Application."""
    holder, user = layout.application_of(need), layout.application_of(one)
    if need.kind == "argoproj.io/Application":
        # A chart: what it brings is there when the Application of the chart is healthy.
        return user is not None and user is not need and layout.wave(one)[0] <= layout.wave(need)[1]
    if (holder is None) != (user is None):
        return False
    if holder is user:
        return layout.wave(need) > layout.wave(one)
    return layout.wave(need)[0] >= layout.wave(one)[0]


def _smell(blamed: Object, one: Object, need: Object, layout: Layout) -> Smell:
    name = f"{need.kind.rpartition('/')[2]} {need.name}"
    what = f"{one.kind.rpartition('/')[2]} {one.name} is made before {name}"
    is_application = need.kind == "argoproj.io/Application"
    wave = layout.wave(need)[1 if is_application else 0]
    later = wave + 1 if blamed is not one or is_application else max(layout.wave(need))
    return Smell(blamed, _PLACE, what, f'{WAVE}: "{later}"')


def _type_of(crd: Object) -> str:
    return f"{crd.spec.get('group')}/{get(crd.spec, 'names', 'kind')}"
