"""A FakeCluster in which time passes: finalizers hold, owners take what they own, Argo CD heals and cascades."""

from collections.abc import Callable
from dataclasses import dataclass, field

from llmplat.domain.cluster import Object, ObjectRef, ref_of
from tests.fakes.cluster import FakeCluster

DELETED = "2026-01-01T00:00:00Z"
CASCADE = "resources-finalizer.argocd.argoproj.io"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
APPROVED = "argocd.argoproj.io/deletion-approved"


@dataclass
class LivingCluster(FakeCluster):
    """`sleep` lets time pass: every controller acts once."""

    is_argo_running: bool = True
    time_s: float = 0.0
    on_tick: Callable[["LivingCluster"], None] = lambda _: None
    """Plays what the test wants to happen meanwhile."""
    _desired: dict[ObjectRef, Object] = field(default_factory=dict)
    """What Argo CD would make again."""
    deleted: list[ObjectRef] = field(default_factory=list)
    """In the order in which they went."""

    def manage(self, *manifests: Object) -> None:
        """Have these there, kept by Argo CD."""
        self.put(*manifests)
        self._desired |= {ref_of(it): it for it in manifests}

    def delete(self, ref: ObjectRef, *, propagation: str = "Foreground") -> bool:
        """As the API server: what has finalizers is only marked."""
        self._write("delete", ref)
        return self._drop(ref)

    def patch(self, ref: ObjectRef, change: Object) -> Object:
        """And what was marked goes with its last finalizer."""
        made = super().patch(ref, change)
        if made["metadata"].get("deletionTimestamp"):
            self._drop(ref)
        return made

    def release(self, ref: ObjectRef) -> None:
        """A controller is done with it."""
        self.objects[ref]["metadata"].pop("finalizers", None)
        if self.objects[ref]["metadata"].get("deletionTimestamp"):
            self._drop(ref)

    def now_s(self) -> float:
        return self.time_s

    def sleep(self, seconds: float) -> None:
        self.time_s += seconds
        self.on_tick(self)
        self._collect()
        if self.is_argo_running:
            self._heal()
            for ref in [ref for ref in self.objects if ref.kind == "Application"]:
                self._cascade(ref)

    def _drop(self, ref: ObjectRef) -> bool:
        found = self.objects.get(ref)
        if found is None:
            return False
        is_full = ref.kind == "Namespace" and any(it.namespace == ref.name for it in self.objects)
        if found["metadata"].get("finalizers") or is_full:
            found["metadata"]["deletionTimestamp"] = DELETED
        else:
            del self.objects[ref]
            self.deleted.append(ref)
        return True

    def _collect(self) -> None:
        """Owners gone take what they own; namespaces marked take what is in them."""
        uids = {it["metadata"]["uid"] for it in self.objects.values()}
        for ref, thing in list(self.objects.items()):
            owners = thing["metadata"].get("ownerReferences") or ()
            if owners and not any(owner["uid"] in uids for owner in owners):
                self._drop(ref)
            space = self.objects.get(ObjectRef("v1", "Namespace", None, ref.namespace or ""))
            if space is not None and space["metadata"].get("deletionTimestamp"):
                self._drop(ref)
        for ref, thing in list(self.objects.items()):
            if ref.kind == "Namespace" and thing["metadata"].get("deletionTimestamp"):
                self._drop(ref)

    def _heal(self) -> None:
        """Every Application with automation, or a sync that runs, makes again what is missing of it."""
        for thing in list(self.objects.values()):
            policy = thing.get("spec", {}).get("syncPolicy") or {}
            operation = thing.get("status", {}).get("operationState", {})
            if operation.get("phase") == "Terminating":
                operation["phase"] = "Failed"
            is_at_work = policy.get("automated") is not None or operation.get("phase") == "Running"
            if thing["kind"] == "Application" and is_at_work:
                for ref in _held(thing):
                    if ref not in self.objects and ref in self._desired:
                        self.put(self._desired[ref])

    def _cascade(self, ref: ObjectRef) -> None:
        thing = self.objects[ref]
        metadata = thing["metadata"]
        if not metadata.get("deletionTimestamp") or CASCADE not in metadata.get("finalizers", ()):
            return
        live = [it for it in _held(thing) if it in self.objects]
        goes = [it for it in live if _may_go(self.objects[it])]
        needs_yes = [it for it in goes if "Delete=confirm" in _option(self.objects[it])]
        if needs_yes and metadata.get("annotations", {}).get(APPROVED) != DELETED:
            return
        for one in goes:
            self._drop(one)
        if not any(one in self.objects for one in goes):
            self.release(ref)


def _held(application: Object) -> list[ObjectRef]:
    return [
        ObjectRef(
            "/".join(filter(None, (one.get("group"), one["version"]))),
            one["kind"],
            one.get("namespace"),
            one["name"],
        )
        for one in application.get("status", {}).get("resources", ())
    ]


def _may_go(thing: Object) -> bool:
    return thing["kind"] != "CustomResourceDefinition" and "Delete=false" not in _option(thing)


def _option(thing: Object) -> str:
    return str((thing["metadata"].get("annotations") or {}).get(SYNC_OPTIONS, ""))
