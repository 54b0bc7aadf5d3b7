"""Large types are applied by the server.

A client-side apply writes the whole object into an annotation, which holds 262,144 bytes; many CRDs
are larger and are refused. An object whose type comes in the same Application needs
SkipDryRunOnMissingResource, or the first sync fails before it makes the type.
"""

import json
from collections.abc import Iterator
from functools import cache

from llmplat.catalog.schemas import load_group
from llmplat.validate.objects import Object, Objects, chart_of, get, list_or_empty, sources_of
from llmplat.validate.smell import Smell
from llmplat.validate.waves import CHART_GROUPS, Layout

_CRD = "apiextensions.k8s.io/CustomResourceDefinition"
_MOST_BYTES = 262_144
_ANNOTATION = "argocd.argoproj.io/sync-options"
_SERVER, _SKIP = "ServerSideApply=true", "SkipDryRunOnMissingResource=true"
_OPTIONS = ("spec", "syncPolicy", "syncOptions")


def find(objects: Objects) -> Iterator[Smell]:
    """Applications and objects that lack an option their CRDs need."""
    for one in objects.applications:
        if _SERVER not in _options(one) and any(_is_large(chart) for chart in _charts(one)):
            what = "its CRDs are too large for a client-side apply"
            yield Smell(one, _OPTIONS, what, f"syncOptions: [{_SERVER}]")
    layout = Layout(objects)
    types: dict[tuple[str, str], Object] = {}
    for crd in objects.of(_CRD):
        application = layout.application_of(crd)
        if application is not None:
            types[application.name, f"{crd.spec.get('group')}/{get(crd.spec, 'names', 'kind')}"] = (
                crd
            )
            if _SERVER not in _options(application, crd) and _bytes(crd) > _MOST_BYTES:
                what = f"it is too large for the client-side apply of {application.name}"
                yield Smell(crd, ("metadata",), what, f"{_ANNOTATION}: {_SERVER}")
    for one in objects.all if types else ():
        application = layout.application_of(one)
        has_type = application is not None and (application.name, one.kind) in types
        if application is not None and has_type and _SKIP not in _options(application, one):
            what = "its type comes in the same Application"
            yield Smell(one, ("metadata",), what, f"{_ANNOTATION}: {_SKIP}")


def _options(*owners: Object) -> set[str]:
    found: set[str] = set()
    for one in owners:
        found.update(map(str, list_or_empty(get(one.value, *_OPTIONS))))
        found.update(str(one.annotations.get(_ANNOTATION, "")).replace(" ", "").split(","))
    return found


def _charts(application: Object) -> Iterator[str]:
    for _, source in sources_of(application):
        if chart := chart_of(source):
            yield chart


@cache
def _is_large(chart: str) -> bool:
    """Whether the chart brings a CRD that no annotation holds."""
    groups = (load_group(group) for group in CHART_GROUPS.get(chart, ()))
    sizes = (kind.get("crd_bytes", 0) for group in groups if group for kind in group.kinds.values())
    return max(sizes, default=0) > _MOST_BYTES


def _bytes(crd: Object) -> int:
    return len(json.dumps(crd.value, separators=(",", ":"), default=str))
