"""Stand-ins for upstream charts: real charts with real CRDs (of the kinds we render) and one workload.

kwok makes the workload ready after a delay; the values that Argo CD handed over stand in an
annotation of the workload, so that a test reads back what was rendered.
"""

import functools
import json
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import yaml

from llmplat.catalog.load import load_catalog
from llmplat.domain.oci import Digest
from tests.cluster.plane.client import Object
from tests.cluster.plane.crds import load_crds
from tests.cluster.plane.registry import chart_files, pack, push_chart
from tests.cluster.plane.rendered import HOME, rendered_kinds
from tests.cluster.plane.samples import deployment

VALUES = "test.llmplat.dev/values"
_CRDS = {
    "agentgateway-crds": ("agentgateway",),
    "argo-cd": ("argo-cd",),
    "cert-manager": ("cert-manager",),
    "cloudnative-pg": ("cloudnative-pg",),
    "external-secrets": ("external-secrets",),
    "gpu-operator": ("gpu-operator",),
    "keda": ("keda",),
    "kserve-crd": ("kserve",),
    "kueue": ("kueue",),
    "leader-worker-set": ("lws",),
    "prometheus-operator-crds": ("prometheus-operator",),
}
Pace = dict[str, str]
"""Annotations test.llmplat.dev/...: when kwok makes a workload's pods ready."""
NEVER: Pace = {"never-ready": "yes"}
LATER: Pace = {"ready-after": "1s"}
AT_ONCE: Pace = {}
_WORKLOADS = ("apps/Deployment", "apps/StatefulSet", "apps/DaemonSet")


@dataclass
class Mirror:
    """A registry and a web server of loopback that hold the stand-ins."""

    registry: str
    """host:port of the OCI registry."""
    folder: Path
    crds: Path
    port: int = 0
    never_ready: frozenset[str] = frozenset()
    """Components whose workload never gets ready."""
    pace: Pace = field(default_factory=LATER.copy)
    """That of all others."""
    _server: ThreadingHTTPServer | None = field(default=None, repr=False)
    _index: dict[str, list[Object]] = field(default_factory=dict)

    def start(self) -> None:
        """Serve the folder of charts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handler = functools.partial(_QuietHandler, directory=str(self.folder))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self._server.server_port
        Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """End the web server."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def source_of(self, application: Object) -> Object | None:
        """The mirrored source of a chart's Application; None where it has no chart."""
        source = application["spec"]["source"]
        if "helm" not in source:
            return None
        component = application["metadata"]["labels"]["llmplat.dev/component"]
        if source["repoURL"].startswith("oci://"):
            name = source["repoURL"].rpartition("/")[2]
            digest = self.push(component, name)
            address = f"oci://{self.registry}/charts/{name}"
            return {**source, "repoURL": address, "targetRevision": str(digest)}
        self.place(component, source["chart"], source["targetRevision"])
        return {**source, "repoURL": f"http://127.0.0.1:{self.port}"}

    def _pace(self, component: str) -> Pace:
        return NEVER if component in self.never_ready else self.pace

    def push(self, component: str, name: str) -> Digest:
        """Have the stand-in of `component` in the registry as the chart `name`."""
        templates = make_templates(component, self.crds, self._pace(component))
        return push_chart(
            f"{self.registry}/charts", name, "1.0.0", templates, self.folder / "cache"
        )

    def place(self, component: str, name: str, version: str) -> None:
        """Have the stand-in of `component` on the web server as the chart `name`."""
        templates = make_templates(component, self.crds, self._pace(component))
        archive = pack(chart_files(name, version, templates))
        file = f"{name}-{version}.tgz"
        (self.folder / file).write_bytes(archive)
        entry = {"apiVersion": "v2", "name": name, "version": version, "urls": [file]}
        self._index[name] = [{**entry, "digest": Digest.of(archive).hex}]
        index = {"apiVersion": "v1", "entries": self._index}
        (self.folder / "index.yaml").write_text(yaml.safe_dump(index))


def make_templates(component: str, crds: Path, pace: Pace = LATER) -> dict[str, bytes]:
    """Files of the stand-in's chart: CRDs, and a workload of a kind that the component declares."""
    files = {
        f"crds/{thing['metadata']['name']}.yaml": json.dumps(thing).encode()
        for thing in load_crds(crds, *_CRDS.get(component, ()), kinds=rendered_kinds())
    }
    kinds = load_catalog(HOME).components[component].kinds.namespaced
    kind = next((one for one in _WORKLOADS if one in kinds), None)
    if kind is not None:
        files["templates/workload.yaml"] = _workload(component, kind, pace).encode()
    return files


def _workload(component: str, kind: str, pace: Pace) -> str:
    annotations = {f"test.llmplat.dev/{key}": value for key, value in pace.items()}
    thing = deployment(f"stand-in-{component}", "@", annotations=annotations)
    thing["kind"] = kind.rpartition("/")[2]
    del thing["metadata"]["namespace"]
    thing["metadata"]["annotations"] = {VALUES: "@values"}
    if thing["kind"] == "StatefulSet":
        thing["spec"]["serviceName"] = thing["metadata"]["name"]
    if thing["kind"] == "DaemonSet":
        del thing["spec"]["replicas"]
    return json.dumps(thing).replace('"@values"', "{{ toJson .Values | quote }}")


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its own name)
        """Quiet."""
