"""The API server's answers -> objects, pages and our own errors; a server of loopback plays it."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from llmplat.adapters.kube_cluster import KubeCluster
from llmplat.adapters.kube_http import KubeHttp
from llmplat.adapters.kubeconfig import KubeAccess
from llmplat.adapters.patience import Patience
from llmplat.domain.cluster import ObjectRef
from llmplat.domain.errors import (
    ClusterConflictError,
    ClusterError,
    ClusterRefusedError,
    ClusterUnreachableError,
)

HURRY = Patience(attempts=3, first_delay_s=0.01, longest_delay_s=0.02, read_timeout_s=60)
NODES = {"name": "nodes", "kind": "Node", "namespaced": False, "verbs": ["list"]}
MAPS = {"name": "configmaps", "kind": "ConfigMap", "namespaced": True, "verbs": ["get"]}
MAP = ObjectRef("v1", "ConfigMap", "a", "b")


class Played:
    """(method, path) -> answers in turn, the last one again and again."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], list[tuple[int, Any]]] = {}
        self.seen: list[tuple[str, str, dict[str, list[str]], dict[str, str], bytes]] = []
        self.say("GET", "/api/v1", 200, {"resources": [NODES, MAPS]})

    def say(self, method: str, path: str, status: int, body: Any = None) -> None:
        self.answers.setdefault((method, path), []).append((status, body or {}))

    def refuse(self, method: str, path: str, status: int, reason: str = "No", message: str = "no"):
        self.say(method, path, status, {"kind": "Status", "reason": reason, "message": message})


@pytest.fixture
def played() -> Played:
    return Played()


@pytest.fixture
def cluster(played: Played) -> Iterator[KubeCluster]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {key.lower(): value for key, value in self.headers.items()}
            played.seen.append((self.command, parts.path, parse_qs(parts.query), headers, body))
            queue = played.answers.get((self.command, parts.path), [(404, {"message": "none"})])
            status, document = queue.pop(0) if len(queue) > 1 else queue[0]
            text = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    access = KubeAccess("prod", f"http://127.0.0.1:{server.server_port}", token="t0ken")
    found = KubeCluster(KubeHttp(access, {}, HURRY))
    yield found
    found.close()
    server.shutdown()
    server.server_close()


def test_pages_are_put_together(cluster: KubeCluster, played: Played) -> None:
    first = {"items": [{"metadata": {"name": "a"}}], "metadata": {"continue": "more"}}
    played.say("GET", "/api/v1/nodes", 200, first)
    played.say("GET", "/api/v1/nodes", 200, {"items": [{"metadata": {"name": "b"}}]})
    found = list(cluster.list("v1", "Node", labels={"x": "y"}))
    assert [(one["kind"], one["metadata"]["name"]) for one in found] == [
        ("Node", "a"),
        ("Node", "b"),
    ]
    asked = [query for _, path, query, _, _ in played.seen if path == "/api/v1/nodes"]
    assert [one.get("continue") for one in asked] == [None, ["more"]]
    assert asked[0]["labelSelector"] == ["x=y"]
    assert played.seen[0][3]["authorization"] == "Bearer t0ken"


def test_a_kind_that_is_not_served_is_no_error(cluster: KubeCluster) -> None:
    assert list(cluster.list("kueue.x-k8s.io/v1beta2", "ClusterQueue")) == []
    assert cluster.get(ObjectRef("a.b/v1", "Thing", None, "x")) is None
    assert not cluster.delete(ObjectRef("a.b/v1", "Thing", None, "x"))
    with pytest.raises(ClusterError, match="does not know"):
        cluster.apply({"apiVersion": "a.b/v1", "kind": "Thing", "metadata": {"name": "x"}})


def test_apply_is_server_side_and_strict(cluster: KubeCluster, played: Played) -> None:
    path = "/api/v1/namespaces/a/configmaps/b"
    played.say("PATCH", path, 200, {"metadata": {"name": "b"}})
    thing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "namespace": "a"}}
    cluster.apply(thing, is_dry_run=True)
    _, _, query, headers, body = played.seen[-1]
    assert query["fieldManager"] == ["llmplat"]
    assert (query["force"], query["dryRun"]) == (["false"], ["All"])
    assert query["fieldValidation"] == ["Strict"]
    assert headers["content-type"] == "application/apply-patch+yaml"
    assert json.loads(body) == thing


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, ClusterRefusedError),
        (403, ClusterRefusedError),
        (409, ClusterConflictError),
        (422, ClusterError),
        (500, ClusterError),
    ],
)
def test_a_refusal_becomes_our_error(
    cluster: KubeCluster, played: Played, status: int, kind: type[Exception]
) -> None:
    played.refuse("GET", "/api/v1/namespaces/a/configmaps/b", status, "Why", "because")
    with pytest.raises(kind) as caught:
        cluster.get(MAP)
    assert f"{status} Why: because" in str(vars(caught.value)["why"])
    assert type(caught.value) is kind


def test_a_busy_server_is_asked_again(cluster: KubeCluster, played: Played) -> None:
    path = "/api/v1/namespaces/a/configmaps/b"
    played.refuse("GET", path, 429)
    played.refuse("GET", path, 503)
    played.say("GET", path, 200, {"metadata": {"name": "b"}})
    assert cluster.get(MAP) == {"metadata": {"name": "b"}}


def test_a_server_that_stays_busy_is_told(cluster: KubeCluster, played: Played) -> None:
    played.refuse("GET", "/api/v1/namespaces/a/configmaps/b", 503, "Unavailable")
    with pytest.raises(ClusterError, match="could not read ConfigMap a/b"):
        cluster.get(MAP)


def test_permissions_are_reviewed(cluster: KubeCluster, played: Played) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    played.say("POST", path, 201, {"status": {"allowed": True}})
    assert cluster.can("create", "argoproj.io", "applications", "argocd")
    asked = json.loads(played.seen[-1][4])["spec"]["resourceAttributes"]
    assert (asked["verb"], asked["group"], asked["namespace"]) == (
        "create",
        "argoproj.io",
        "argocd",
    )


def test_nobody_there_is_told_with_the_address() -> None:
    access = KubeAccess("prod", "http://127.0.0.1:9")
    with pytest.raises(ClusterUnreachableError) as caught:
        KubeCluster(KubeHttp(access, {}, HURRY)).identity()
    assert "http://127.0.0.1:9" in (caught.value.why or "")


def test_a_certificate_that_is_none_is_told() -> None:
    with pytest.raises(ClusterUnreachableError, match="certificate"):
        KubeHttp(KubeAccess("prod", "https://127.0.0.1:9", authority=b"not a certificate"), {})
