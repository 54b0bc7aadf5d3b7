"""A thin client of a Kubernetes API server: server-side apply, get, list, delete, over one TLS connection pool."""

import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.cluster.plane.certificates import Pair

Object = dict[str, Any]
MANAGER = "llmplat-tests"


class RefusedError(Exception):
    """The API server said no; `reason` and `message` are its own."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(f"{code} {reason}: {message}")
        self.code, self.reason, self.message = code, reason, message


@dataclass(frozen=True)
class _Resource:
    plural: str
    namespaced: bool


class Client:
    """One identity at one API server."""

    def __init__(self, url: str, authority: Path, identity: Pair | None = None) -> None:
        context = ssl.create_default_context(cafile=str(authority))
        if identity is not None:
            context.load_cert_chain(identity.certificate, identity.key)
        # The server gives a request up after 60 s by itself, and says so.
        self._http = httpx.Client(base_url=url, verify=context, timeout=120, trust_env=False)
        self._known: dict[str, dict[str, _Resource]] = {}

    def close(self) -> None:
        """End its connections."""
        self._http.close()

    def ask(self, method: str, path: str, **options: Any) -> Object:
        """One call; RefusedError for any status from 400.

        Asked again while the server has no time: it opens the storage of a kind anew because its CRD
        has changed, or it is starved.
        """
        end_s = time.monotonic() + 120
        while True:
            answer = self._http.request(method, path, **options)
            if answer.status_code != 429 or time.monotonic() > end_s:
                break
            time.sleep(0.5)
        if answer.status_code >= 400:
            raise _refusal(answer)
        return answer.json() if "json" in answer.headers.get("content-type", "") else {}

    def is_ready(self) -> bool:
        """Whether /readyz answers 200."""
        try:
            return self._http.get("/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def serves(self, api_version: str, kind: str) -> bool:
        """Whether discovery knows the kind."""
        try:
            self._find(api_version, kind)
        except (RefusedError, KeyError):
            return False
        return True

    def path_of(self, thing: Object, subresource: str = "") -> str:
        """Where `thing` (apiVersion, kind, metadata) lives."""
        meta = thing["metadata"]
        where = self.folder_of(thing["apiVersion"], thing["kind"], meta.get("namespace"))
        return f"{where}/{meta['name']}{subresource}"

    def folder_of(self, api_version: str, kind: str, namespace: str | None = None) -> str:
        """The collection of a kind; `default` where a namespace is needed and none is named."""
        found = self._find(api_version, kind)
        root = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
        space = f"/namespaces/{namespace or 'default'}" if found.namespaced else ""
        return f"{root}{space}/{found.plural}"

    def apply(self, thing: Object, *, dry_run: bool = False, manager: str = MANAGER) -> Object:
        """Server-side apply, strict about unknown fields."""
        params = {"fieldManager": manager, "fieldValidation": "Strict", "force": "true"}
        if dry_run:
            params["dryRun"] = "All"
        return self.ask(
            "PATCH",
            self.path_of(thing),
            params=params,
            content=json.dumps(thing),
            headers={"content-type": "application/apply-patch+yaml"},
        )

    def create(self, thing: Object) -> Object:
        """POST, strict about unknown fields."""
        where = self.folder_of(
            thing["apiVersion"], thing["kind"], thing["metadata"].get("namespace")
        )
        return self.ask("POST", where, params={"fieldValidation": "Strict"}, json=thing)

    def patch(self, thing: Object, change: Object, subresource: str = "") -> Object:
        """A merge patch of `thing`."""
        return self.ask(
            "PATCH",
            self.path_of(thing, subresource),
            content=json.dumps(change),
            headers={"content-type": "application/merge-patch+json"},
        )

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Object:
        """One object; RefusedError (404) when there is none."""
        return self.ask("GET", f"{self.folder_of(api_version, kind, namespace)}/{name}")

    def find(
        self, api_version: str, kind: str, name: str, namespace: str | None = None
    ) -> Object | None:
        """One object, None when there is none."""
        try:
            return self.get(api_version, kind, name, namespace)
        except RefusedError as refused:
            if refused.code == 404:
                return None
            raise

    def list(
        self, api_version: str, kind: str, namespace: str | None = None, labels: str = ""
    ) -> list[Object]:
        """All objects of a kind, of all namespaces when none is named."""
        found = self._find(api_version, kind)
        where = self.folder_of(api_version, kind, namespace)
        if found.namespaced and namespace is None:
            where = where.replace("/namespaces/default/", "/")
        items = self.ask("GET", where, params={"labelSelector": labels})["items"]
        return [{"apiVersion": api_version, "kind": kind, **item} for item in items]

    def changes(
        self, api_version: str, kind: str, namespace: str, since: str
    ) -> tuple[Sequence[Object], str]:
        """Every state of every object after version `since`, in their order, and the newest version.

        Two looks at a list would not tell what came and went between them.
        """
        where = self.folder_of(api_version, kind, namespace)
        params = {"watch": "1", "resourceVersion": since, "timeoutSeconds": "1"}
        answer = self._http.get(where, params=params)
        if answer.status_code >= 400:
            raise _refusal(answer)
        events = [json.loads(line) for line in answer.text.splitlines()]
        wrong = [it["object"] for it in events if it["type"] == "ERROR"]
        if wrong:
            raise RefusedError(wrong[0]["code"], wrong[0]["reason"], wrong[0]["message"])
        found = [it["object"] for it in events if it["type"] in {"ADDED", "MODIFIED"}]
        return found, events[-1]["object"]["metadata"]["resourceVersion"] if events else since

    def version(self, api_version: str, kind: str, namespace: str) -> str:
        """From which `changes` tells what comes from now on."""
        listed = self.ask("GET", self.folder_of(api_version, kind, namespace))
        return str(listed["metadata"]["resourceVersion"])

    def delete(self, thing: Object, *, now: bool = True) -> bool:
        """Delete it and what it owns; False while a finalizer keeps it."""
        # A Job's pods and workload would stay: the API server's default for it is to orphan them.
        params = {"propagationPolicy": "Background"}
        if now:
            params["gracePeriodSeconds"] = "0"
        try:
            left = self.ask("DELETE", self.path_of(thing), params=params)
        except RefusedError as refused:
            if refused.code != 404:
                raise
            return True
        return "deletionTimestamp" not in left.get("metadata", {})

    def wait(
        self, thing: Object, is_done: Callable[[Object], bool], timeout_s: float = 180
    ) -> Object:
        """Poll `thing` until `is_done`; TimeoutError with its status."""
        end_s = time.monotonic() + timeout_s
        meta = thing["metadata"]
        while True:
            found = self.find(
                thing["apiVersion"], thing["kind"], meta["name"], meta.get("namespace")
            )
            if found is not None and is_done(found):
                return found
            if time.monotonic() > end_s:
                msg = f"{thing['kind']} {meta['name']} after {timeout_s} s: {(found or {}).get('status')}"
                raise TimeoutError(msg)
            time.sleep(0.1)

    def _find(self, api_version: str, kind: str) -> _Resource:
        found = self._known.get(api_version, {})
        if kind not in found:
            root = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
            listed = self.ask("GET", root)["resources"]
            found = {
                one["kind"]: _Resource(one["name"], one["namespaced"])
                for one in listed
                if "/" not in one["name"]
            }
            # Another thread may have an older answer: what is found here is not looked up there again.
            self._known[api_version] = found
        return found[kind]


def conditions(thing: Mapping[str, Any]) -> dict[str, str]:
    """Condition type -> status; nothing for a status without any."""
    found = (thing.get("status") or {}).get("conditions") or []
    return {one["type"]: one["status"] for one in found}


def _refusal(answer: httpx.Response) -> RefusedError:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    message = body.get("message") or answer.text[:500]
    return RefusedError(answer.status_code, body.get("reason", ""), message)
