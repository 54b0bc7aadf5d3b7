"""Objects are merged, never replaced.

`Replace=true` wins over `ServerSideApply=true`: it deletes and makes anew what another owner set,
CRDs with all their objects among it. `Force=true` does the same when a field cannot be changed.
"""

from collections.abc import Iterator

from llmplat.validate.objects import Objects, get, list_or_empty
from llmplat.validate.smell import Smell

_ANNOTATION = "argocd.argoproj.io/sync-options"
_REFUSED = ("Replace=true", "Force=true")


def find(objects: Objects) -> Iterator[Smell]:
    """Applications and objects that ask to be replaced."""
    for one in objects.applications:
        options = list_or_empty(get(one.spec, "syncPolicy", "syncOptions"))
        for index, option in enumerate(options):
            if option in _REFUSED:
                place = ("spec", "syncPolicy", "syncOptions", index)
                yield Smell(one, place, f"{option} is set", "use ServerSideApply=true alone")
    for one in objects.all:
        asked = str(one.annotations.get(_ANNOTATION, "")).replace(" ", "").split(",")
        if set(asked) & set(_REFUSED):
            path = ("metadata", "annotations", _ANNOTATION)
            yield Smell(one, path, "it is replaced at each sync", "remove the option")
