"""A project says exactly what its Applications may do.

Whoever can write an Application in a project with a star may install anything from anywhere, with the
rights of Argo CD, which are those of the cluster's owner.
"""

from collections.abc import Iterator

from llmplat.validate.objects import Object, Objects, get, list_or_empty
from llmplat.validate.smell import Smell

_LISTS = {
    "sourceRepos": (),
    "destinations": ("namespace",),
    "clusterResourceWhitelist": ("group", "kind"),
    "namespaceResourceWhitelist": ("group", "kind"),
}


def find(objects: Objects) -> Iterator[Smell]:
    """Projects with a star, and Applications outside any project of their own."""
    for one in objects.of("argoproj.io/AppProject"):
        for part, keys in _LISTS.items():
            for index, item in enumerate(list_or_empty(one.spec.get(part))):
                values = [get(item, key) for key in keys] if keys else [item]
                if "*" in values:
                    fix = "name what is used, one by one"
                    yield Smell(one, ("spec", part, index), f"{part} allows everything", fix)
    for one in objects.applications:
        yield from _default(one)


def _default(one: Object) -> Iterator[Smell]:
    if (one.spec.get("project") or "default") == "default":
        what = "it is in the project default, which allows everything"
        yield Smell(one, ("spec", "project"), what, "give it a project of its own")
