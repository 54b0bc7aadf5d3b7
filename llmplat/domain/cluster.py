"""What the stages need of a Kubernetes cluster: one port over unstructured objects."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from llmplat.domain.ports import HttpAnswer

Object = dict[str, Any]
"""A Kubernetes object as the API server spells it."""

FIELD_MANAGER = "llmplat"
"""Whose the fields are that we apply."""
MANAGED_BY = "app.kubernetes.io/managed-by"
PLATFORM = "llmplat.dev/platform"


@dataclass(frozen=True, order=True)
class ObjectRef:
    """One object by its kind and name."""

    api_version: str
    kind: str
    namespace: str | None
    """None for a kind without namespaces."""
    name: str

    @property
    def group(self) -> str:
        """API group, "" for the core one."""
        return group_of(self.api_version)

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {where}"


def group_of(api_version: str) -> str:
    """The group of `group/version`; "" for the core's `v1`."""
    return api_version.rpartition("/")[0]


def ref_of(manifest: Mapping[str, Any]) -> ObjectRef:
    """What names `manifest`."""
    metadata = manifest["metadata"]
    return ObjectRef(
        manifest["apiVersion"], manifest["kind"], metadata.get("namespace"), metadata["name"]
    )


@dataclass(frozen=True)
class ClusterIdentity:
    """Which cluster this is, for people to confirm."""

    context: str
    """Of the kubeconfig."""
    server: str
    """Its address."""
    version: str
    """As the API server says, such as v1.36.3."""

    @property
    def minor(self) -> str:
        """Such as 1.36."""
        return ".".join(self.version.removeprefix("v").split(".")[:2])


@dataclass(frozen=True)
class ServedKind:
    """A kind that the API server serves."""

    api_version: str
    kind: str
    plural: str
    is_namespaced: bool
    verbs: tuple[str, ...] = ()


class Cluster(Protocol):
    """One identity at one API server.

    Every method raises ClusterUnreachableError (no answer, TLS, a credential plug-in),
    ClusterRefusedError (not signed in, not allowed) or ClusterError (the server said no).
    """

    def identity(self) -> ClusterIdentity:
        """Context, address and version."""
        ...

    def get(self, ref: ObjectRef) -> Object | None:
        """The object, None when there is none or its kind is not served."""
        ...

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Iterator[Object]:
        """All of a kind, page by page; of all namespaces when none is named.

        Nothing where the kind is not served. `labels`: each must have that value.
        """
        ...

    def create(self, manifest: Object) -> Object:
        """Make it; ClusterConflictError when it is there already."""
        ...

    def apply(
        self,
        manifest: Object,
        *,
        is_forced: bool = False,
        is_dry_run: bool = False,
        manager: str = FIELD_MANAGER,
    ) -> Object:
        """Server-side apply as `manager`, strict about unknown fields.

        ClusterConflictError when another manager owns a field and it is not forced, or when
        `metadata.resourceVersion` is given and no longer the object's.
        """
        ...

    def replace(self, manifest: Object) -> Object:
        """Put it in place of what `metadata.resourceVersion` names; ClusterConflictError otherwise."""
        ...

    def patch(self, ref: ObjectRef, change: Object) -> Object:
        """A JSON merge patch; ClusterError when there is no such object."""
        ...

    def delete(self, ref: ObjectRef, *, propagation: str = "Foreground") -> bool:
        """Delete it; False when it is not there. It may live on until its finalizers are done."""
        ...

    def can(
        self, verb: str, group: str, resource: str, namespace: str | None = None, name: str = ""
    ) -> bool:
        """Whether this identity may (SelfSubjectAccessReview); `resource` is the plural."""
        ...

    def kinds(self) -> tuple[ServedKind, ...]:
        """Everything the API server serves, aggregated APIs that answer included."""
        ...

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float = 30.0,
    ) -> HttpAnswer:
        """One request to a path of the API server, such as the proxy of a service.

        Whatever status comes back is the answer. The API server keeps `Authorization` for itself.
        """
        ...

    def raw_get(self, path: str) -> bytes:
        """The body of a GET that answered 200; ClusterError otherwise."""
        ...

    def forward(self, namespace: str, service: str, port: int) -> AbstractContextManager[str]:
        """A URL of loopback that leads to a pod behind `service` until the block ends."""
        ...
