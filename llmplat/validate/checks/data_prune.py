"""Data is not removed by a commit.

With automated pruning, a file that is gone from git removes its object, and with a volume or a
database all that is in it. What holds data asks a person first.
"""

from collections.abc import Iterator

from llmplat.validate.objects import Object, Objects, get, list_or_empty
from llmplat.validate.smell import Smell
from llmplat.validate.waves import Layout

_ANNOTATION = "argocd.argoproj.io/sync-options"
_SAFE = ("Prune=confirm", "Prune=false")


def find(objects: Objects) -> Iterator[Smell]:
    """Volumes and databases in an Application that prunes by itself, without a question."""
    layout = Layout(objects)
    for one in objects.all:
        if not _holds_data(one):
            continue
        application = layout.application_of(one)
        if application is not None and get(application.spec, "syncPolicy", "automated", "prune"):
            asked = str(one.annotations.get(_ANNOTATION, "")).replace(" ", "").split(",")
            asked += map(str, list_or_empty(get(application.spec, "syncPolicy", "syncOptions")))
            if not set(_SAFE) & set(asked):
                path = ("metadata", "annotations")
                fix = f"{_ANNOTATION}: Prune=confirm,Delete=confirm"
                yield Smell(one, path, "it holds data and is pruned without a question", fix)


def _holds_data(one: Object) -> bool:
    if one.kind == "apps/StatefulSet":
        return bool(one.spec.get("volumeClaimTemplates"))
    return one.kind in {"PersistentVolumeClaim", "postgresql.cnpg.io/Cluster"}
