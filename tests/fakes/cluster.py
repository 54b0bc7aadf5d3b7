"""A Kubernetes cluster in memory (a Cluster): objects by name, versions, refusals on demand."""

import copy
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from llmplat.domain.cluster import (
    FIELD_MANAGER,
    ClusterIdentity,
    Object,
    ObjectRef,
    ServedKind,
    group_of,
    ref_of,
)
from llmplat.domain.errors import ClusterConflictError, ClusterError, LlmplatError
from llmplat.domain.ports import HttpAnswer

CORE = (
    ("v1", "Namespace", "namespaces", False),
    ("v1", "Node", "nodes", False),
    ("v1", "Pod", "pods", True),
    ("v1", "ConfigMap", "configmaps", True),
    ("v1", "Secret", "secrets", True),
    ("v1", "Service", "services", True),
    ("v1", "Event", "events", True),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims", True),
    ("apps/v1", "Deployment", "deployments", True),
    ("apps/v1", "StatefulSet", "statefulsets", True),
    ("apps/v1", "DaemonSet", "daemonsets", True),
    ("coordination.k8s.io/v1", "Lease", "leases", True),
    ("storage.k8s.io/v1", "StorageClass", "storageclasses", False),
    ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", True),
    ("apiregistration.k8s.io/v1", "APIService", "apiservices", False),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", False),
    (
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
        False,
    ),
)
ARGO_CD = (
    ("argoproj.io/v1alpha1", "Application", "applications", True),
    ("argoproj.io/v1alpha1", "AppProject", "appprojects", True),
)


@dataclass
class FakeCluster:
    """Holds what it is given; `before` may raise or change things ahead of any write."""

    context: str = "test"
    server: str = "https://127.0.0.1:6443"
    version: str = "v1.34.1"
    objects: dict[ObjectRef, Object] = field(default_factory=dict)
    served: list[tuple[str, str, str, bool]] = field(default_factory=lambda: [*CORE, *ARGO_CD])
    denied: set[tuple[str, str, str]] = field(default_factory=set)
    """(verb, group, resource) that this identity may not."""
    finalized: set[ObjectRef] = field(default_factory=set)
    """Objects that a delete only marks; take them out of here and delete again to let them go."""
    writes: list[tuple[str, ObjectRef]] = field(default_factory=list)
    before: Callable[[str, ObjectRef], None] = lambda verb, ref: None
    answers: dict[str, HttpAnswer] = field(default_factory=dict)
    """Path -> what `ask` gets."""
    is_down: LlmplatError | None = None
    _version: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)
    """A claim is renewed beside the test: what compares versions writes in the same moment."""

    def identity(self) -> ClusterIdentity:
        self._check()
        return ClusterIdentity(self.context, self.server, self.version)

    def get(self, ref: ObjectRef) -> Object | None:
        self._check()
        found = self.objects.get(ref)
        return copy.deepcopy(found) if found is not None else None

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Iterator[Object]:
        self._check()
        for ref, found in sorted(self.objects.items(), key=lambda it: str(it[0])):
            has = found["metadata"].get("labels") or {}
            is_one = (ref.api_version, ref.kind) == (api_version, kind)
            is_there = namespace is None or ref.namespace == namespace
            if is_one and is_there and (labels or {}).items() <= has.items():
                yield copy.deepcopy(found)

    def put(self, *manifests: Object) -> None:
        """Have these there, whoever made them."""
        for manifest in manifests:
            with self._lock:
                self._store(copy.deepcopy(manifest))

    def create(self, manifest: Object) -> Object:
        ref = ref_of(manifest)
        self._write("create", ref)
        with self._lock:
            if ref in self.objects:
                raise ClusterConflictError(f"{ref} is there already.")
            return self._store(copy.deepcopy(manifest))

    def apply(
        self,
        manifest: Object,
        *,
        is_forced: bool = False,
        is_dry_run: bool = False,
        manager: str = FIELD_MANAGER,
    ) -> Object:
        del manager
        ref = ref_of(manifest)
        if not is_dry_run:
            self._write("apply", ref)
        now = self.objects.get(ref, {})
        self._same_version(ref, manifest)
        merged = _merged(copy.deepcopy(now), copy.deepcopy(manifest))
        if is_dry_run or (now and _plain(merged) == _plain(now)):
            return copy.deepcopy(merged if is_dry_run else now)
        return self._store(merged)

    def replace(self, manifest: Object) -> Object:
        ref = ref_of(manifest)
        self._write("replace", ref)
        with self._lock:
            if ref not in self.objects:
                raise ClusterConflictError(f"{ref} is gone.")
            self._same_version(ref, manifest)
            return self._store(copy.deepcopy(manifest))

    def patch(self, ref: ObjectRef, change: Object) -> Object:
        self._write("patch", ref)
        if ref not in self.objects:
            raise ClusterError(f"There is no {ref}.")
        return self._store(_merged(copy.deepcopy(self.objects[ref]), change))

    def delete(self, ref: ObjectRef, *, propagation: str = "Foreground") -> bool:
        self._write("delete", ref)
        if ref not in self.objects:
            return False
        if ref in self.finalized:
            self.objects[ref]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        else:
            del self.objects[ref]
        return True

    def can(
        self, verb: str, group: str, resource: str, namespace: str | None = None, name: str = ""
    ) -> bool:
        self._check()
        return (verb, group, resource) not in self.denied

    def kinds(self) -> tuple[ServedKind, ...]:
        self._check()
        return tuple(ServedKind(*one) for one in self.served)

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float = 30.0,
    ) -> HttpAnswer:
        self._check()
        return self.answers.get(path, HttpAnswer(404, {}, b"{}"))

    def raw_get(self, path: str) -> bytes:
        answer = self.ask("GET", path)
        if answer.status != 200:
            raise ClusterError(f"The cluster answered {answer.status} to {path}.")
        return answer.body

    @contextmanager
    def forward(self, namespace: str, service: str, port: int) -> Iterator[str]:
        self._check()
        yield f"http://{service}.{namespace}:{port}"

    def _check(self) -> None:
        if self.is_down is not None:
            raise self.is_down

    def _write(self, verb: str, ref: ObjectRef) -> None:
        self._check()
        self.before(verb, ref)
        self.writes.append((verb, ref))

    def _same_version(self, ref: ObjectRef, manifest: Object) -> None:
        wanted = manifest["metadata"].get("resourceVersion")
        now = self.objects.get(ref, {}).get("metadata", {}).get("resourceVersion")
        if wanted is not None and wanted != now:
            raise ClusterConflictError(f"{ref} was changed by somebody else.")

    def _store(self, manifest: Object) -> Object:
        self._version += 1
        manifest.setdefault("metadata", {})
        manifest["metadata"]["resourceVersion"] = str(self._version)
        manifest["metadata"].setdefault("uid", f"uid-{self._version}")
        if manifest["kind"] == "Secret" and "stringData" in manifest:
            manifest["data"] = {**manifest.get("data", {}), **_encoded(manifest.pop("stringData"))}
        self.objects[ref_of(manifest)] = manifest
        return copy.deepcopy(manifest)


def served_by(*manifests: Object) -> list[tuple[str, str, str, bool]]:
    """The kinds of `manifests`, for `served`."""
    kinds = {(it["apiVersion"], it["kind"], "namespace" in it["metadata"]) for it in manifests}
    return [(api, kind, f"{kind.lower()}s", spaced) for api, kind, spaced in sorted(kinds)]


def crd(group: str, plural: str, kind: str, versions: tuple[str, ...], **metadata: Any) -> Object:
    """A CustomResourceDefinition that serves `versions`."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", **metadata},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural},
            "versions": [{"name": name, "served": True, "storage": True} for name in versions],
        },
    }


def group_version(ref: ObjectRef) -> tuple[str, str]:
    """(group, version)."""
    return group_of(ref.api_version), ref.api_version.rpartition("/")[2]


def _merged(before: Object, change: Object) -> Object:
    for key, value in change.items():
        if value is None:
            before.pop(key, None)
        elif isinstance(value, dict) and isinstance(before.get(key), dict):
            before[key] = _merged(before[key], value)
        else:
            before[key] = value
    return before


def _plain(thing: Object) -> Object:
    metadata = {k: v for k, v in thing["metadata"].items() if k not in {"resourceVersion", "uid"}}
    return {**thing, "metadata": metadata}


def _encoded(values: Mapping[str, str]) -> dict[str, str]:
    import base64

    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
