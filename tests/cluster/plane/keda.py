"""KEDA's operator and metrics adapter as processes, and a Prometheus that answers what a test says."""

import base64
import json
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.cluster.plane.certificates import Authority, Pair
from tests.cluster.plane.client import Object, conditions
from tests.cluster.plane.control_plane import ControlPlane
from tests.cluster.plane.crds import load_crds
from tests.cluster.plane.process import find_program
from tests.fakes.ports import free_ports

NAMESPACE = "keda"
_HOSTS = (
    "keda-operator.keda.svc",
    "keda-operator.keda.svc.cluster.local",
    "keda-metrics-apiserver.keda.svc",
    "localhost",
    "127.0.0.1",
)


def start_keda(plane: ControlPlane, crds: Path) -> None:
    """Install KEDA's CRDs and APIService and run it; returns when external metrics are served."""
    programs = {name: find_program("keda", name) for name in ("operator", "adapter")}
    metrics, health, grpc, secure, own = free_ports(5)
    authority = Authority(plane.folder / "keda", "keda-ca")
    pair = authority.issue("keda", hosts=_HOSTS)
    _write_certificates(plane.folder / "keda", authority, pair)
    plane.install(load_crds(crds, "keda"))
    for thing in _objects(secure, authority.file):
        plane.admin.apply(thing)
    config = str(plane.kubeconfig("keda"))
    env = {
        "KUBECONFIG": config,
        "POD_NAMESPACE": NAMESPACE,
        "KEDA_CLUSTER_OBJECT_NAMESPACE": NAMESPACE,
        "WATCH_NAMESPACE": "",
    }
    plane.crew.start(
        "keda-operator",
        [
            str(programs["operator"]),
            f"--metrics-bind-address=127.0.0.1:{metrics}",
            f"--health-probe-bind-address=127.0.0.1:{health}",
            f"--metrics-service-bind-address=127.0.0.1:{grpc}",
            "--enable-cert-rotation=false",
            f"--cert-dir={plane.folder / 'keda'}",
            f"--ca-dir={plane.folder / 'keda'}",
            "--leader-elect=false",
        ],
        env,
    )
    plane.crew.start(
        "keda-adapter",
        [
            str(programs["adapter"]),
            f"--secure-port={secure}",
            "--bind-address=127.0.0.1",
            f"--tls-cert-file={pair.certificate}",
            f"--tls-private-key-file={pair.key}",
            f"--cert-dir={plane.folder / 'keda'}",
            f"--lister-kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            f"--client-ca-file={authority.file}",
            f"--metrics-service-address=127.0.0.1:{grpc}",
            f"--port={own}",
        ],
        env,
    )
    service = _objects(secure, authority.file)[-1]

    def is_available() -> bool:
        plane.crew.check("keda-operator")
        found = plane.admin.find(
            service["apiVersion"], service["kind"], service["metadata"]["name"]
        )
        return found is not None and conditions(found).get("Available") == "True"

    plane.crew.await_ready("keda-adapter", is_available)


def _write_certificates(folder: Path, authority: Authority, pair: Pair) -> None:
    for name, file in (
        ("ca.crt", authority.file),
        ("tls.crt", pair.certificate),
        ("tls.key", pair.key),
    ):
        (folder / name).write_bytes(file.read_bytes())


def _objects(port: int, authority: Path) -> list[Object]:
    name = "keda-metrics-apiserver"
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": NAMESPACE},
            # The way to a process of this machine: EndpointSlices refuse loopback.
            "spec": {
                "type": "ExternalName",
                "externalName": "127.0.0.1",
                "ports": [{"port": port}],
            },
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "keda-external-metrics-reader"},
            "rules": [
                {"apiGroups": ["external.metrics.k8s.io"], "resources": ["*"], "verbs": ["*"]}
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "keda-external-metrics-reader"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "keda-external-metrics-reader",
            },
            "subjects": [
                {
                    "kind": "ServiceAccount",
                    "name": "horizontal-pod-autoscaler",
                    "namespace": "kube-system",
                }
            ],
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
            "spec": {
                "group": "external.metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "caBundle": base64.b64encode(authority.read_bytes()).decode(),
                "service": {"name": name, "namespace": NAMESPACE, "port": port},
            },
        },
    ]


@dataclass
class FakePrometheus:
    """Answers instant queries by what they contain; None: with no series; `is_dead`: with 503."""

    url: str = ""
    values: dict[str, float | None] = field(default_factory=dict)
    """Word of the query -> its answer."""
    is_dead: bool = False
    queries: list[str] = field(default_factory=list)

    def answer(self, query: str) -> float | None:
        """The value of the first word that `query` contains."""
        values = dict(self.values)  # a test changes them meanwhile
        return next((value for word, value in values.items() if word in query), None)


@contextmanager
def fake_prometheus() -> Iterator[FakePrometheus]:
    """A Prometheus of loopback until the block ends."""
    fake = FakePrometheus()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            words = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            # Several ask at once: the last one of the list may be another's.
            query = words.get("query", [""])[0]
            fake.queries.append(query)
            body = json.dumps(_answer(fake.answer(query))).encode()
            self.send_response(503 if fake.is_dead else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its own name)
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(value: float | None) -> Object:
    result = [] if value is None else [{"metric": {}, "value": [time.time(), str(value)]}]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}
