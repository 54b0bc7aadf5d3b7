"""A FakeCluster behind HTTPS, as an API server answers: enough for every request that llmplat makes.

It holds objects and versions; it admits and denies nothing by itself. Whoever wants to know what a
real one does looks at tests/cluster.
"""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from llmplat.domain.cluster import ObjectRef, group_of
from llmplat.domain.errors import ClusterConflictError, ClusterError
from tests.fakes.cluster import FakeCluster

Answer = tuple[int, Any]


@contextmanager
def api_server(
    cluster: FakeCluster,
    pem: Path,
    tick: Callable[[], None] = lambda: None,
    token: str | None = None,
) -> Iterator[str]:
    """HOST:PORT until the block ends; `tick` is called before each answer, `token` must be shown."""

    class Handler(_Handler):
        held = cluster
        wanted = token
        before = staticmethod(tick)
        lock = threading.Lock()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    held: FakeCluster
    wanted: str | None
    before: Callable[[], None]
    lock: threading.Lock
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_args: object) -> None:
        """Says nothing."""

    def _any(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        with self.lock:
            status, body = self._judge() or self._route(
                parts.path, parse_qs(parts.query), json.loads(raw) if raw else None
            )
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815

    def _judge(self) -> Answer | None:
        self.before()
        if self.wanted and self.headers.get("authorization") != f"Bearer {self.wanted}":
            return _status(401, "Unauthorized", "no such token")
        return None

    def _route(self, path: str, query: dict[str, list[str]], body: Any) -> Answer:
        if path == "/version":
            return 200, {"gitVersion": self.held.version}
        if path in {"/api", "/apis"}:
            return 200, {"items": _groups(self.held, is_core=path == "/api")}
        if path.endswith("/selfsubjectaccessreviews"):
            return 201, {"status": {"allowed": self._may(body["spec"]["resourceAttributes"])}}
        steps = path.strip("/").split("/")
        api = steps[1] if steps[0] == "api" else "/".join(steps[1:3])
        rest = steps[2:] if steps[0] == "api" else steps[3:]
        if not rest:
            return 200, {"resources": _resources(self.held, api)}
        return self._objects(api, rest, query, body)

    def _may(self, asked: dict[str, str]) -> bool:
        return self.held.can(asked["verb"], asked.get("group", ""), asked["resource"])

    def _objects(self, api: str, rest: list[str], query: dict[str, list[str]], body: Any) -> Answer:
        namespace = rest[1] if rest[0] == "namespaces" and len(rest) > 2 else None
        plural, *name = rest[2:] if namespace else rest
        kind = next((k for a, k, p, _ in self.held.served if (a, p) == (api, plural)), None)
        if kind is None:
            return _status(404, "NotFound", f"no {plural} of {api}")
        is_trial = bool(query.get("dryRun"))
        if is_trial and self.headers.get("impersonate-user"):
            return _status(403, "Forbidden", "denied the request: tenants may nothing here")
        return self._act(api, kind, namespace, (name, query, body), is_trial=is_trial)

    def _act(
        self, api: str, kind: str, namespace: str | None, asked: tuple[Any, ...], *, is_trial: bool
    ) -> Answer:
        name, query, body = asked
        try:
            if not name:
                return self._collection(api, kind, namespace, query, body)
            ref = ObjectRef(api, kind, namespace, name[0])
            if is_trial:
                return 200, self.held.apply(body, is_dry_run=True)
            return self._one(ref, body)
        except ClusterConflictError as error:
            return _status(409, "AlreadyExists", error.what)
        except ClusterError as error:
            return _status(404, "NotFound", error.what)

    def _collection(
        self, api: str, kind: str, namespace: str | None, query: dict[str, list[str]], body: Any
    ) -> Answer:
        if self.command == "POST":
            return 201, self.held.create(body)
        words = query.get("labelSelector", [""])[0]
        labels = dict(one.split("=", 1) for one in words.split(",") if one)
        return 200, {"items": list(self.held.list(api, kind, namespace, labels)), "metadata": {}}

    def _one(self, ref: ObjectRef, body: Any) -> Answer:
        if self.command == "PATCH":
            is_apply = "apply-patch" in self.headers["content-type"]
            return 200, self.held.apply(body) if is_apply else self.held.patch(ref, body)
        if self.command == "PUT":
            return 200, self.held.replace(body)
        if self.command == "DELETE":
            return (200, {}) if self.held.delete(ref) else _status(404, "NotFound", str(ref))
        found = self.held.get(ref)
        return (200, found) if found is not None else _status(404, "NotFound", str(ref))


def _status(code: int, reason: str, message: str) -> Answer:
    return code, {"kind": "Status", "code": code, "reason": reason, "message": message}


def _resources(cluster: FakeCluster, api: str) -> list[dict[str, Any]]:
    return [
        {"name": plural, "kind": kind, "namespaced": spaced, "verbs": ["get", "list", "create"]}
        for one, kind, plural, spaced in cluster.served
        if one == api
    ]


def _groups(cluster: FakeCluster, *, is_core: bool) -> list[dict[str, Any]]:
    """Aggregated discovery, apidiscovery.k8s.io/v2."""
    groups: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for api, kind, plural, spaced in cluster.served:
        resource = {
            "resource": plural,
            "responseKind": {"kind": kind},
            "scope": "Namespaced" if spaced else "Cluster",
            "verbs": ["get", "list", "create"],
        }
        versions = groups.setdefault(group_of(api), {})
        versions.setdefault(api.rpartition("/")[2], []).append(resource)
    return [
        {
            "metadata": {"name": group},
            "versions": [{"version": v, "resources": rows} for v, rows in versions.items()],
        }
        for group, versions in groups.items()
        if (group == "") == is_core
    ]
