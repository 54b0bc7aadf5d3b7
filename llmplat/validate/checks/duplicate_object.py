"""Each object is there once.

Two files that own one object overwrite each other at every sync, and the last one wins by chance.
"""

from collections.abc import Iterator

from llmplat.validate.objects import Objects
from llmplat.validate.smell import Smell


def find(objects: Objects) -> Iterator[Smell]:
    """Every object that stands in the tree a second time."""
    seen: dict[tuple[str, str, str], str] = {}
    for one in objects.all:
        if not one.name:
            continue
        key = (one.kind, one.namespace, one.name)
        if key in seen:
            yield Smell(
                one,
                ("metadata", "name"),
                f"it stands in {seen[key]} already",
                "remove one of the two",
            )
        seen.setdefault(key, one.document.file)
