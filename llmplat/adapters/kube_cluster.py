"""A Kubernetes API server as a Cluster: unstructured objects, server-side apply, pages."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any
from urllib.parse import quote

from llmplat.adapters.kube_forward import forward
from llmplat.adapters.kube_http import KubeHttp, refusal_of
from llmplat.adapters.kubeconfig import read_access
from llmplat.domain.cluster import (
    FIELD_MANAGER,
    ClusterIdentity,
    Object,
    ObjectRef,
    ServedKind,
    group_of,
    ref_of,
)
from llmplat.domain.errors import ClusterError
from llmplat.domain.ports import HttpAnswer

PAGE = 500
"""Objects of one page: large lists neither time out nor fill the API server's memory."""
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_APPLY = {"content-type": "application/apply-patch+yaml"}
_MERGE = {"content-type": "application/merge-patch+json"}
_JSON = {"content-type": "application/json"}


class KubeCluster:
    """See Cluster; kinds are looked up once in each group and version."""

    def __init__(self, http: KubeHttp) -> None:
        self._http = http
        self._known: dict[str, dict[str, ServedKind]] = {}
        self._lock = Lock()

    def close(self) -> None:
        """End its connections."""
        self._http.close()

    def identity(self) -> ClusterIdentity:
        """Context, address and version."""
        found = self._http.json("tell its version", "GET", "/version") or {}
        access = self._http.access
        return ClusterIdentity(access.context, access.server, str(found.get("gitVersion", "")))

    def get(self, ref: ObjectRef) -> Object | None:
        """The object, None when there is none or its kind is not served."""
        path = self._path(ref)
        return None if path is None else self._http.json(f"read {ref}", "GET", path)

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Iterator[Object]:
        """All of a kind, page by page."""
        served = self._find(api_version, kind)
        if served is None:
            return
        params = {"limit": str(PAGE)}
        if labels:
            params["labelSelector"] = ",".join(f"{key}={value}" for key, value in labels.items())
        path, what = _folder(served, namespace), f"list {served.plural}"
        while True:
            page = self._http.json(what, "GET", path, params=params) or {}
            for item in page.get("items") or ():
                yield {"apiVersion": api_version, "kind": kind, **item}
            going_on = (page.get("metadata") or {}).get("continue")
            if not going_on:
                return
            params["continue"] = going_on

    def create(self, manifest: Object) -> Object:
        """Make it; ClusterConflictError when it is there already."""
        ref = ref_of(manifest)
        params = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
        path = self._must(ref, _folder(self._served(ref), ref.namespace))
        return self._write(f"create {ref}", "POST", path, params, manifest, _JSON)

    def apply(
        self,
        manifest: Object,
        *,
        is_forced: bool = False,
        is_dry_run: bool = False,
        manager: str = FIELD_MANAGER,
    ) -> Object:
        """Server-side apply as `manager`, strict about unknown fields."""
        ref = ref_of(manifest)
        params = {"fieldManager": manager, "fieldValidation": "Strict"}
        params["force"] = "true" if is_forced else "false"
        if is_dry_run:
            params["dryRun"] = "All"
        path = self._must(ref, self._path(ref))
        return self._write(f"apply {ref}", "PATCH", path, params, manifest, _APPLY)

    def replace(self, manifest: Object) -> Object:
        """Put it in place of what its resourceVersion names."""
        ref = ref_of(manifest)
        params = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
        path = self._must(ref, self._path(ref))
        return self._write(f"replace {ref}", "PUT", path, params, manifest, _JSON)

    def patch(self, ref: ObjectRef, change: Object) -> Object:
        """A JSON merge patch."""
        path = self._must(ref, self._path(ref))
        params = {"fieldManager": FIELD_MANAGER}
        return self._write(f"change {ref}", "PATCH", path, params, change, _MERGE)

    def delete(self, ref: ObjectRef, *, propagation: str = "Foreground") -> bool:
        """Delete it; False when it is not there."""
        path = self._path(ref)
        if path is None:
            return False
        options = {"propagationPolicy": propagation}
        return self._http.json(f"delete {ref}", "DELETE", path, params=options) is not None

    def can(
        self, verb: str, group: str, resource: str, namespace: str | None = None, name: str = ""
    ) -> bool:
        """Whether this identity may."""
        asked = {"verb": verb, "group": group, "resource": resource, "name": name}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {**asked, "namespace": namespace or ""}},
        }
        answer = self._http.json(
            "ask for its own permissions",
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            headers=_JSON,
            content=json.dumps(review).encode(),
        )
        return bool(((answer or {}).get("status") or {}).get("allowed"))

    def kinds(self) -> tuple[ServedKind, ...]:
        """Everything the API server serves, in two requests."""
        found: list[ServedKind] = []
        for root in ("/api", "/apis"):
            listed = self._http.json("list its APIs", "GET", root, headers={"accept": _AGGREGATED})
            for group in (listed or {}).get("items") or ():
                found += _of_group(group)
        with self._lock:
            for one in found:
                self._known.setdefault(one.api_version, {})[one.kind] = one
        return tuple(found)

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float = 30.0,
    ) -> HttpAnswer:
        """One request to a path of the API server."""
        answer = self._http.send(method, path, headers=headers, content=body, timeout_s=timeout_s)
        return HttpAnswer(answer.status_code, dict(answer.headers), answer.content)

    def raw_get(self, path: str) -> bytes:
        """The body of a GET that answered 200."""
        answer = self._http.send("GET", path)
        if answer.status_code != 200:
            raise refusal_of(answer).error(f"read {path}", self._http.access.context)
        return answer.content

    def forward(self, namespace: str, service: str, port: int) -> AbstractContextManager[str]:
        """A URL of loopback that leads to a pod behind `service`."""
        return forward(self, self._http, namespace, service, port)

    def _write(
        self,
        what: str,
        method: str,
        path: str,
        params: Mapping[str, str],
        manifest: Object,
        headers: Mapping[str, str],
    ) -> Object:
        content = json.dumps(manifest).encode()
        made = self._http.json(what, method, path, params=params, headers=headers, content=content)
        if made is None:
            raise ClusterError(
                f"The cluster {self._http.access.context} could not {what}.",
                "404 NotFound: its namespace or its kind is not there",
            )
        return made

    def _path(self, ref: ObjectRef) -> str | None:
        served = self._find(ref.api_version, ref.kind)
        if served is None:
            return None
        return f"{_folder(served, ref.namespace)}/{quote(ref.name)}"

    def _served(self, ref: ObjectRef) -> ServedKind:
        served = self._find(ref.api_version, ref.kind)
        if served is None:
            self._must(ref, None)
        assert served is not None  # noqa: S101 (the line above raised)
        return served

    def _must(self, ref: ObjectRef, path: str | None) -> str:
        if path is None:
            raise ClusterError(
                f"The cluster {self._http.access.context} does not know {ref}.",
                f"it serves no {ref.kind} of {ref.api_version}",
            )
        return path

    def _find(self, api_version: str, kind: str) -> ServedKind | None:
        """A kind that is not known yet is looked for again: its definition may be new."""
        with self._lock:
            known = self._known.get(api_version, {})
        if kind not in known:
            root = f"/apis/{api_version}" if group_of(api_version) else f"/api/{api_version}"
            listed = self._http.json(f"list the kinds of {api_version}", "GET", root) or {}
            known = {
                one["kind"]: _served_kind(api_version, one)
                for one in listed.get("resources") or ()
                if "/" not in one["name"]
            }
            with self._lock:
                self._known[api_version] = known
        return known.get(kind)


def open_cluster(context: str, env: Mapping[str, str]) -> KubeCluster:
    """The cluster of a kubeconfig's context; nothing is asked of it yet but of a sign-in plug-in.

    Raises ClusterUnreachableError for a context that leads nowhere.
    """
    return KubeCluster(KubeHttp(read_access(context, env), env))


def _folder(served: ServedKind, namespace: str | None) -> str:
    grouped = group_of(served.api_version)
    root = f"/apis/{served.api_version}" if grouped else f"/api/{served.api_version}"
    space = f"/namespaces/{quote(namespace)}" if served.is_namespaced and namespace else ""
    return f"{root}{space}/{served.plural}"


def _served_kind(api_version: str, one: Mapping[str, Any]) -> ServedKind:
    verbs = tuple(one.get("verbs") or ())
    return ServedKind(api_version, one["kind"], one["name"], bool(one["namespaced"]), verbs)


def _of_group(group: Mapping[str, Any]) -> Iterator[ServedKind]:
    name = group["metadata"].get("name") or ""
    for version in group.get("versions") or ():
        api_version = f"{name}/{version['version']}" if name else version["version"]
        for one in version.get("resources") or ():
            kind = (one.get("responseKind") or {}).get("kind")
            if kind:
                spaced = one.get("scope") == "Namespaced"
                verbs = tuple(one.get("verbs") or ())
                yield ServedKind(api_version, kind, one["resource"], spaced, verbs)
