"""Live objects -> which of them are the platform's: by label, by what its Applications hold, by owner."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from llmplat.domain.cluster import (
    MANAGED_BY,
    PLATFORM,
    Cluster,
    Object,
    ObjectRef,
    group_of,
    ref_of,
)
from llmplat.domain.units import parse_whole
from llmplat.plan.cluster.applications import ARGO_CD

APPLICATION_API = "argoproj.io/v1alpha1"
WAVE = "argocd.argoproj.io/sync-wave"
TRACKING = "argocd.argoproj.io/tracking-id"
_DEEPEST_OWNER = 6
Key = tuple[str, str, str, str]
"""(group, kind, namespace, name): an object whatever version it is read in."""


def key_of(thing: Mapping[str, Any]) -> Key:
    """What names `thing` whatever its version."""
    metadata = thing["metadata"]
    namespace = metadata.get("namespace") or ""
    return group_of(thing["apiVersion"]), thing["kind"], namespace, metadata["name"]


def label_of(thing: Mapping[str, Any], name: str) -> str:
    """The value of a label, "" where it has none."""
    return str((thing["metadata"].get("labels") or {}).get(name, ""))


def annotation_of(thing: Mapping[str, Any], name: str) -> str:
    """The value of an annotation, "" where it has none."""
    return str((thing["metadata"].get("annotations") or {}).get(name, ""))


def has_owner(thing: Mapping[str, Any]) -> bool:
    """Whether it goes with something else."""
    return bool(thing["metadata"].get("ownerReferences"))


@dataclass(frozen=True)
class Application:
    """One of the platform's Applications as it is now."""

    name: str
    wave: int
    layer: str
    """"" for the root."""
    live: Object = field(repr=False)

    @property
    def ref(self) -> ObjectRef:
        """What names it."""
        return ref_of(self.live)

    @property
    def held(self) -> Iterator[ObjectRef]:
        """Everything that Argo CD made for it."""
        for one in (self.live.get("status") or {}).get("resources") or ():
            version = "/".join(filter(None, (one.get("group"), one["version"])))
            yield ObjectRef(version, one["kind"], one.get("namespace") or None, one["name"])

    @property
    def holds_data(self) -> bool:
        """Whether it was marked as a holder of data."""
        return "Delete=confirm" in annotation_of(self.live, "argocd.argoproj.io/sync-options")


@dataclass(frozen=True)
class Owned:
    """What the platform owns in a cluster; names and namespaces prove nothing."""

    cluster: Cluster
    platform: str
    applications: tuple[Application, ...]
    """The root first, then by wave and name."""
    _owners: dict[ObjectRef, Object | None] = field(default_factory=dict, repr=False)

    @cached_property
    def _held(self) -> frozenset[Key]:
        refs = (ref for one in self.applications for ref in one.held)
        return frozenset((it.group, it.kind, it.namespace or "", it.name) for it in refs)

    @property
    def root(self) -> Application | None:
        """The root Application, None where it is gone."""
        return next((one for one in self.applications if not one.layer), None)

    @property
    def children(self) -> tuple[Application, ...]:
        """All Applications but the root."""
        return tuple(one for one in self.applications if one.layer)

    def has(self, thing: Object) -> bool:
        """Whether `thing` is the platform's: itself or through what owns it."""
        return self._is_ours(thing, 0)

    def has_directly(self, thing: Object) -> bool:
        """Whether it is the platform's by label, or one of its Applications made it."""
        if label_of(thing, PLATFORM) not in {"", self.platform} or _is_copy(thing):
            return False
        is_labelled = (label_of(thing, PLATFORM), label_of(thing, MANAGED_BY)) == (
            self.platform,
            "llmplat",
        )
        return is_labelled or key_of(thing) in self._held

    def _is_ours(self, thing: Object, depth: int) -> bool:
        owners = thing["metadata"].get("ownerReferences") or ()
        if depth > _DEEPEST_OWNER:
            return False
        if not owners:
            return self.has_directly(thing)
        # What has an owner goes with it: labels of a template say nothing.
        namespace = thing["metadata"].get("namespace")
        found = [self._owner(one, namespace) for one in owners]
        return all(one is not None and self._is_ours(one, depth + 1) for one in found)

    def _owner(self, reference: Mapping[str, Any], namespace: str | None) -> Object | None:
        """The owner that `reference` names, in the same namespace or in none; None when another took its name."""
        for space in (namespace, None):
            ref = ObjectRef(reference["apiVersion"], reference["kind"], space, reference["name"])
            if ref not in self._owners:
                self._owners[ref] = self.cluster.get(ref)
            found = self._owners[ref]
            if found is not None:
                is_same = found["metadata"].get("uid") == reference.get("uid")
                return found if is_same else None
        return None


def find_owned(cluster: Cluster, platform: str) -> Owned:
    """What `platform` owns in `cluster` now."""
    labels = {PLATFORM: platform, MANAGED_BY: "llmplat"}
    found = cluster.list(APPLICATION_API, "Application", ARGO_CD, labels)
    applications = (
        Application(
            name=it["metadata"]["name"],
            wave=_wave(it),
            layer=label_of(it, "llmplat.dev/layer"),
            live=it,
        )
        for it in found
    )
    ordered = sorted(applications, key=lambda one: (bool(one.layer), one.wave, one.name))
    return Owned(cluster, platform, tuple(ordered))


def _wave(application: Object) -> int:
    text = annotation_of(application, WAVE)
    number = parse_whole(text.removeprefix("-")) or 0
    return -number if text.startswith("-") else number


def _is_copy(thing: Object) -> bool:
    """Whether Argo CD's mark on it names another object: somebody copied one of ours."""
    mark = annotation_of(thing, TRACKING).partition(":")[2]
    group, kind, namespace, name = key_of(thing)
    # Argo CD writes its own destination's namespace for what has none.
    if not mark or not namespace:
        return False
    return mark != f"{group}/{kind}:{namespace}/{name}"
