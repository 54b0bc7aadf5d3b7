"""Google's REST APIs on this machine: a project as data, every request checked by the discovery documents.

It was written from the discovery documents, not recorded from the cloud: what it proves is that we
ask in their terms and how we act on such answers, not that the cloud gives them.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.discovery import answer_faults, faults

NUMBER = "123456789012"
GOOD_TOKEN = "good-token-of-the-fake-cloud"


@dataclass
class FakeProject:
    """What the cloud holds for one project; tests change it to make it lack things."""

    id: str = "my-project"
    state: str = "ACTIVE"
    is_visible: bool = True
    billing: bool = True
    enabled: set[str] = field(default_factory=set)
    permissions: set[str] = field(default_factory=set)
    region_quotas: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    """Region -> figure -> (limit, usage)."""
    global_quotas: dict[str, tuple[float, float]] = field(default_factory=dict)
    families: dict[tuple[str, str], int] = field(default_factory=dict)
    """(region, family of GPUs) -> limit."""
    zones: dict[str, list[str]] = field(default_factory=dict)
    machines: dict[tuple[str, str], int] = field(default_factory=dict)
    """(zone, machine type) -> vCPUs."""
    accelerators: set[tuple[str, str]] = field(default_factory=set)
    versions: dict[str, list[str]] = field(default_factory=dict)
    """Release channel -> versions."""
    clusters: dict[str, dict[str, Any]] = field(default_factory=dict)
    node_pools: dict[str, dict[str, Any]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    """Pool -> machines in each zone, where they were set."""
    operations: dict[str, int] = field(default_factory=dict)
    slow: int = 2
    """How often an operation is looked at until it is done."""
    networks: dict[str, dict[str, Any]] = field(default_factory=dict)
    repositories: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[str, dict[str, Any]] = field(default_factory=dict)
    values: dict[str, list[bytes]] = field(default_factory=dict)
    mintable: set[str] = field(default_factory=set)
    """Service accounts that the caller may make tokens of."""
    disabled: set[str] = field(default_factory=set)
    """APIs that answer SERVICE_DISABLED."""
    denied: set[str] = field(default_factory=set)
    """Paths that answer 403 when they contain one of these."""
    busy: list[int] = field(default_factory=list)
    """For each of the next requests: this status instead."""
    is_expired: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Requests, and answers of our own, that do not obey the discovery documents."""
    address: str = ""

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Requests that change something."""
        harmless = (":testIamPermissions", ":generateAccessToken")
        return [one for one in self.asked if one[0] != "GET" and not one[1].endswith(harmless)]


@contextmanager
def fake_google(project: FakeProject) -> Iterator[FakeProject]:
    """Serves `project` until the block ends; `address` stands for https://API.googleapis.com."""

    class Handler(_Handler):
        owner = project

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    project.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield project
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: FakeProject
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_args: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length)
        parts = urlsplit(self.path)
        host, _, rest = parts.path.lstrip("/").partition("/")
        if host == "token":
            return self._token()
        path, query = f"/{rest}", parse_qs(parts.query)
        body = json.loads(raw) if raw else None
        self.owner.asked.append((method, f"{host}{path}"))
        self.owner.wrong += faults(host, method, path, query, body)
        status, answer = self._judge(host, path) or self._route(method, host, path, query, body)
        if status < 300:
            self.owner.wrong += answer_faults(host, method, path, answer)
        return self._say(status, answer)

    def _say(self, status: int, answer: object) -> None:
        raw = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _token(self) -> None:
        if self.owner.is_expired:
            return self._say(400, {"error": "invalid_grant", "error_description": "Token expired"})
        return self._say(200, {"access_token": GOOD_TOKEN, "expires_in": 3600})

    def _judge(self, host: str, path: str) -> tuple[int, object] | None:
        owner = self.owner
        if owner.busy:
            return _error(owner.busy.pop(0), "try again")
        if self.headers.get("authorization") != f"Bearer {GOOD_TOKEN}":
            return _error(401, "Request had invalid authentication credentials.")
        if host in owner.disabled:
            return _off(host, owner.id)
        if any(part in path for part in owner.denied):
            return _error(403, "Permission denied on resource.")
        return None

    def _route(  # noqa: PLR0911 (one line a service)
        self, method: str, host: str, path: str, query: dict[str, list[str]], body: Any
    ) -> tuple[int, object]:
        steps = path.strip("/").split("/")
        if host == "cloudresourcemanager.googleapis.com":
            return self._manager(steps, body)
        if host == "serviceusage.googleapis.com":
            return self._usage(steps, query)
        if host == "cloudbilling.googleapis.com":
            return 200, {"billingEnabled": self.owner.billing, "projectId": self.owner.id}
        if host == "compute.googleapis.com":
            return self._compute(steps[2:])
        if host == "container.googleapis.com":
            return self._container(steps, body)
        if host == "artifactregistry.googleapis.com":
            return _found(self.owner.repositories.get(steps[-1]))
        if host == "iamcredentials.googleapis.com":
            if steps[-1] not in {f"{one}:generateAccessToken" for one in self.owner.mintable}:
                return _error(403, "Permission 'iam.serviceAccounts.getAccessToken' denied")
            return 200, {"accessToken": "token-of-" + steps[-1].partition("@")[0],
                         "expireTime": "2026-11-22T11:00:00Z"}  # fmt: skip
        if host == "secretmanager.googleapis.com":
            return self._secrets(method, steps, query, body)
        return _error(404, f"no {host}")

    def _manager(self, steps: list[str], body: Any) -> tuple[int, object]:
        owner = self.owner
        name, _, verb = steps[-1].partition(":")
        if name != owner.id or not owner.is_visible:
            return _error(403, f"Permission 'resourcemanager.projects.get' denied on {name}")
        if verb:
            held = sorted(owner.permissions & set(body["permissions"]))
            return 200, {"permissions": held} if held else {}
        return 200, {"name": f"projects/{NUMBER}", "projectId": owner.id, "state": owner.state}

    def _usage(self, steps: list[str], query: dict[str, list[str]]) -> tuple[int, object]:
        if steps[-1] == "services:batchGet":
            rows = [
                {
                    "name": f"projects/{NUMBER}/services/{name.rpartition('/')[2]}",
                    "state": "ENABLED"
                    if name.rpartition("/")[2] in self.owner.enabled
                    else "DISABLED",
                }
                for name in query["names"]
            ]
            return 200, {"services": rows}
        buckets = [
            {"effectiveLimit": str(limit), "dimensions": {"region": region, "gpu_family": family}}
            for (region, family), limit in self.owner.families.items()
        ]
        zero: dict[str, Any] = {"effectiveLimit": "0"}
        limits = [{"quotaBuckets": [zero, *buckets] if buckets else []}]
        return 200, {"metric": "compute.googleapis.com/gpus_per_gpu_family",
                     "consumerQuotaLimits": limits}  # fmt: skip

    def _compute(self, steps: list[str]) -> tuple[int, object]:
        owner = self.owner
        match steps:
            case ["projects", _]:
                return 200, {"name": owner.id, "quotas": _quotas(owner.global_quotas)}
            case ["projects", _, "regions", region] if region in owner.zones:
                root = f"https://www.googleapis.com/compute/v1/projects/{owner.id}/zones"
                return 200, {
                    "name": region,
                    "status": "UP",
                    "zones": [f"{root}/{zone}" for zone in owner.zones[region]],
                    "quotas": _quotas(owner.region_quotas.get(region, {})),
                }
            case ["projects", _, "zones", zone, "machineTypes", name]:
                vcpus = owner.machines.get((zone, name))
                return _found(None if vcpus is None else {"name": name, "guestCpus": vcpus})
            case ["projects", _, "zones", zone, "acceleratorTypes", name]:
                return _found({"name": name} if (zone, name) in owner.accelerators else None)
            case ["projects", _, "global", "networks", name]:
                return _found(owner.networks.get(name))
        return _error(404, "not found")

    def _container(self, steps: list[str], body: Any) -> tuple[int, object]:
        if steps[-1] == "serverConfig":
            rows = [
                {"channel": channel, "validVersions": versions}
                for channel, versions in self.owner.versions.items()
            ]
            return 200, {"channels": rows}
        if "nodePools" in steps:
            return self._pools(steps[-1], body)
        if "operations" in steps:
            self.owner.operations[steps[-1]] -= 1
            return 200, _operation(steps[-1], self.owner.operations[steps[-1]])
        return _found(self.owner.clusters.get(steps[-1]))

    def _pools(self, step: str, body: Any) -> tuple[int, object]:
        name, _, verb = step.partition(":")
        pool = self.owner.node_pools.get(name)
        if pool is None or not verb:
            return _found(pool)
        if verb == "setAutoscaling":
            pool["autoscaling"] = body["autoscaling"]
        else:
            self.owner.sizes[name] = body["nodeCount"]
        number = f"operation-{len(self.owner.operations)}"
        self.owner.operations[number] = self.owner.slow
        return 200, _operation(number, self.owner.slow)

    def _secrets(  # noqa: PLR0911 (one line a method)
        self, method: str, steps: list[str], query: dict[str, list[str]], body: Any
    ) -> tuple[int, object]:
        owner = self.owner
        if method == "POST" and steps[-1] == "secrets":
            name = query["secretId"][0]
            if name in owner.secrets:
                return _error(409, f"Secret [{name}] already exists.", "ALREADY_EXISTS")
            owner.secrets[name] = {**body, "name": f"projects/{NUMBER}/secrets/{name}",
                                   "createTime": "2026-11-01T10:00:00Z"}  # fmt: skip
            return 200, owner.secrets[name]
        if method == "GET" and steps[-1] == "secrets":
            return 200, {"secrets": [owner.secrets[name] for name in sorted(owner.secrets)]}
        name, _, verb = steps[4].partition(":") if len(steps) > 4 else ("", "", "")
        if name not in owner.secrets:
            return _error(404, f"Secret [{name}] not found.")
        values = owner.values.setdefault(name, [])
        if verb == "addVersion":
            values.append(base64.b64decode(body["payload"]["data"]))
            return 200, _version(name, len(values))
        if steps[-1].endswith(":access"):
            number = int(steps[-1].partition(":")[0])
            if not 0 < number <= len(values):
                return _error(404, f"Secret Version [{number}] not found.")
            payload = {"data": base64.b64encode(values[number - 1]).decode()}
            return 200, {"name": _version(name, number)["name"], "payload": payload}
        if steps[-1] == "versions":
            rows = [_version(name, number) for number in range(len(values), 0, -1)]
            return 200, {"versions": rows, "totalSize": len(rows)}
        if method == "DELETE":
            del owner.secrets[name], owner.values[name]
            return 200, {}
        return 200, owner.secrets[name]


def _operation(name: str, left: int) -> dict[str, Any]:
    """Done when it was looked at so often."""
    return {"name": name, "status": "DONE" if left <= 0 else "RUNNING"}


def _version(name: str, number: int) -> dict[str, Any]:
    return {
        "name": f"projects/{NUMBER}/secrets/{name}/versions/{number}",
        "state": "ENABLED",
        "createTime": f"2026-11-{number:02d}T10:00:00Z",
    }


def _quotas(figures: dict[str, tuple[float, float]]) -> list[dict[str, Any]]:
    return [{"metric": n, "limit": limit, "usage": usage} for n, (limit, usage) in figures.items()]


def _found(row: dict[str, Any] | None) -> tuple[int, object]:
    return (200, row) if row is not None else _error(404, "not found")


def _error(status: int, message: str, state: str = "") -> tuple[int, object]:
    return status, {"error": {"code": status, "message": message, "status": state}}


def _off(host: str, project: str) -> tuple[int, object]:
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": {"service": host, "consumer": f"projects/{NUMBER}"},
    }
    message = f"{host} has not been used in project {project} before or it is disabled."
    return 403, {"error": {"code": 403, "message": message, "status": "PERMISSION_DENIED",
                           "details": [detail]}}  # fmt: skip
