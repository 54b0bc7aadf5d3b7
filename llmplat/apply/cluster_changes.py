"""Applications as rendered against those in the cluster -> which are new, changed, left out, the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from llmplat.domain.cluster import Object
from llmplat.render.argocd import CONTENT_HASH, ROOT
from llmplat.render.tree import Tree


@dataclass(frozen=True)
class Changes:
    """Names of Applications, sorted, the root left out."""

    wanted: Mapping[str, str]
    """Application -> hash of what it is to follow."""
    there: Mapping[str, str]
    """Application -> hash of what it follows now."""

    @cached_property
    def add(self) -> tuple[str, ...]:
        """Not there yet."""
        return tuple(sorted(set(self.wanted) - set(self.there)))

    @cached_property
    def change(self) -> tuple[str, ...]:
        """There, and to follow something else."""
        return tuple(n for n in self._both if self.wanted[n] != self.there[n])

    @cached_property
    def keep(self) -> tuple[str, ...]:
        """There as they are wanted."""
        return tuple(n for n in self._both if self.wanted[n] == self.there[n])

    @cached_property
    def remove(self) -> tuple[str, ...]:
        """There, and wanted no more."""
        return tuple(sorted(set(self.there) - set(self.wanted)))

    @property
    def _both(self) -> list[str]:
        return sorted(set(self.wanted) & set(self.there))


def hashes_of(tree: Tree, load_yaml: Callable[[str], list[Object]]) -> dict[str, str]:
    """Application -> hash of what it follows, as rendered."""
    files = (file for file in tree.files if file.path.startswith("root/applications/"))
    made = (thing for file in files for thing in load_yaml(file.content))
    return {one["metadata"]["name"]: content_hash(one) for one in made}


def live_hashes(applications: Mapping[str, Object]) -> dict[str, str]:
    """Application -> hash of what it follows in the cluster."""
    return {name: content_hash(one) for name, one in applications.items() if name != ROOT}


def content_hash(application: Object) -> str:
    """What an Application says it follows; "" where it says nothing."""
    return str((application["metadata"].get("annotations") or {}).get(CONTENT_HASH, ""))
