"""The inventory of a cluster: read, held to the platform at hand, written before each act."""

from dataclasses import dataclass, replace
from typing import Any

from llmplat import __version__
from llmplat.domain.cluster import Cluster, ObjectRef
from llmplat.domain.errors import NewerVersionError, PreconditionError
from llmplat.domain.inventory import REF, Inventory, manifest_of, parse_inventory


def read_inventory(cluster: Cluster) -> Inventory | None:
    """What llmplat made in this cluster; None when it never did, NewerVersionError when it is newer's."""
    found = cluster.get(REF)
    if found is None:
        return None
    try:
        return parse_inventory(found)
    except (ValueError, TypeError, KeyError) as error:
        raise NewerVersionError(
            f"{REF} was written by a newer llmplat, or by hand.",
            str(error),
            ("pip install --upgrade llmplat",),
        ) from error


def refuse_other(inventory: Inventory | None, platform: str, project: str = "") -> None:
    """PreconditionError when the cluster holds another platform, or this one of another project."""
    if inventory is None:
        return
    if inventory.platform != platform:
        raise PreconditionError(
            f"The cluster already holds the platform {inventory.platform!r}.",
            f"the file names {platform!r}; two platforms in one cluster would take each other's "
            "names, queues and admission policies",
            (
                f"name: {inventory.platform} in the platform file, if it is the same platform",
                "or give this platform a cluster of its own",
            ),
        )
    if inventory.project != project:
        raise PreconditionError(
            "The project of an applied platform was changed.",
            f"it was brought up in {inventory.project or 'no project'!r}, the file now says "
            f"{project or 'none'!r}; llmplat moves no platform between projects",
            ("put the project back", "or give the new platform another name, and take this down"),
        )


@dataclass
class InventoryBook:
    """The inventory of one run; each change is in the cluster before the act it names."""

    cluster: Cluster
    now: Inventory

    def step(self, name: str) -> None:
        """The run reached this step."""
        self.note(step=name)

    def about_to_make(self, *refs: ObjectRef) -> None:
        """Have `refs` on record before they are made, so that a killed run leaves no orphan."""
        self.note(made=self.now.with_made(*refs).made)

    def note(self, **changes: Any) -> None:  # noqa: ANN401 (fields of the inventory)
        """Write `changes` of the inventory, unless nothing differs."""
        changed = replace(self.now, **changes)
        if changed != self.now:
            self.cluster.apply(manifest_of(changed), is_forced=True)
            self.now = changed


def open_book(cluster: Cluster, platform: str, project: str) -> InventoryBook:
    """The inventory there is, or a new one, under a claim; PreconditionError for another's."""
    found = read_inventory(cluster)
    refuse_other(found, platform, project)
    now = found or Inventory(platform, project=project)
    book = InventoryBook(cluster, replace(now, llmplat=""))
    book.note(llmplat=__version__)
    return book
