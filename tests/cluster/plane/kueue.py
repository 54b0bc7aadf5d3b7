"""Kueue as a process beside the control plane, with its webhooks in force."""

import base64
import copy
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.cluster.plane.certificates import Authority
from tests.cluster.plane.client import Client, Object, RefusedError
from tests.cluster.plane.control_plane import ControlPlane
from tests.cluster.plane.crds import load_crds
from tests.cluster.plane.process import find_program
from tests.fakes.ports import free_ports

NAMESPACE = "kueue-system"
FRAMEWORKS = ("batch/job", "pod", "deployment", "statefulset")
_EXEMPT = ["kube-system", NAMESPACE]
_CONVERTED = ("clusterqueues", "cohorts", "localqueues", "multikueueclusters", "workloads")
_KUEUE = "kueue.x-k8s.io"
_HOOKS = (
    # kind, group, version, resource, operations
    ("mutate", "", "v1", "pod", ("CREATE",)),
    ("mutate", "apps", "v1", "deployment", ("CREATE", "UPDATE")),
    ("mutate", "apps", "v1", "statefulset", ("CREATE", "UPDATE")),
    ("mutate", "batch", "v1", "job", ("CREATE",)),
    ("mutate", _KUEUE, "v1beta2", "clusterqueue", ("CREATE",)),
    ("mutate", _KUEUE, "v1beta2", "resourceflavor", ("CREATE",)),
    ("mutate", _KUEUE, "v1beta2", "workload", ("CREATE",)),
    ("validate", "", "v1", "pod", ("CREATE", "UPDATE")),
    ("validate", "apps", "v1", "deployment", ("CREATE", "UPDATE")),
    ("validate", "apps", "v1", "statefulset", ("CREATE", "UPDATE")),
    ("validate", "batch", "v1", "job", ("CREATE", "UPDATE")),
    ("validate", _KUEUE, "v1beta2", "clusterqueue", ("CREATE", "UPDATE")),
    ("validate", _KUEUE, "v1beta2", "cohort", ("CREATE", "UPDATE")),
    ("validate", _KUEUE, "v1beta2", "resourceflavor", ("CREATE", "UPDATE")),
    ("validate", _KUEUE, "v1beta2", "workload", ("CREATE", "UPDATE")),
)
"""What Kueue v0.19.2 publishes for the kinds in use (its config/components/webhook/manifests.yaml)."""


def start_kueue(plane: ControlPlane, crds: Path, settings: Object | None = None) -> None:
    """Install Kueue's CRDs, secret and webhooks and run it; returns when it is ready.

    `settings` is the manager's configuration as rendered for the chart; only addresses are ours.
    """
    program = find_program("kueue", "kueue")
    health, hooks = free_ports(2)
    authority = Authority(plane.folder / "kueue", "kueue-ca", rsa_key=True)
    _install(plane, crds, authority, hooks)
    config = plane.folder / "kueue.yaml"
    config.write_text(
        yaml.safe_dump(_configure(settings or {}, plane.folder / "kueue", health, hooks))
    )
    plane.crew.start(
        "kueue",
        [
            str(program),
            f"--config={config}",
            f"--kubeconfig={plane.kubeconfig('kueue')}",
            "--feature-gates=VisibilityOnDemand=false",
        ],
    )
    plane.crew.await_ready("kueue", lambda: _answers(plane.admin))


def _answers(admin: Client) -> bool:
    """Whether both kinds of webhooks are asked and answer: at first the API server knows of none."""
    wrong = {**_resource_flavor("webhooks-answer"), "spec": {"nodeLabels": {"a b": "c"}}}
    try:
        made = admin.apply(_resource_flavor("webhooks-answer"), dry_run=True)
    except (RefusedError, httpx.HTTPError):
        return False
    try:
        admin.apply(wrong, dry_run=True)
    except RefusedError as refused:
        is_validated = "vresourceflavor.kb.io" in refused.message and "denied" in refused.message
        return is_validated and bool(made["metadata"].get("finalizers"))
    return False


def _configure(settings: Object, folder: Path, health: int, hooks: int) -> Object:
    made: dict[str, Any] = copy.deepcopy(settings)
    made |= {"apiVersion": "config.kueue.x-k8s.io/v1beta2", "kind": "Configuration"}
    made["health"] = {"healthProbeBindAddress": f"127.0.0.1:{health}"}
    made["metrics"] = {"bindAddress": "0"}
    made["webhook"] = {"host": "127.0.0.1", "port": hooks, "certDir": str(folder)}
    made["leaderElection"] = {"leaderElect": False}
    made["internalCertManagement"] = {
        "enable": True,
        "webhookServiceName": "kueue-webhook-service",
        "webhookSecretName": "kueue-webhook-server-cert",
    }
    made.setdefault("integrations", {"frameworks": list(FRAMEWORKS)})
    made.setdefault("managedJobsNamespaceSelector", _namespaces())
    return made


def _install(plane: ControlPlane, crds: Path, authority: Authority, port: int) -> None:
    admin = plane.admin
    admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    server = authority.issue(
        "kueue-webhook-service", hosts=(f"kueue-webhook-service.{NAMESPACE}.svc", "127.0.0.1")
    )
    files = {
        "ca.crt": authority.file,
        "ca.key": authority.pair.key,
        "tls.crt": server.certificate,
        "tls.key": server.key,
    }
    for name, file in files.items():
        (plane.folder / "kueue" / name).write_bytes(file.read_bytes())
    admin.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "kueue-webhook-server-cert", "namespace": NAMESPACE},
            "data": {name: _base64(file) for name, file in files.items()},
        }
    )
    bundle = _base64(authority.file)
    things = load_crds(crds, "kueue")
    for thing in things:
        if thing["spec"]["names"]["plural"] in _CONVERTED:
            thing["spec"]["conversion"] = _conversion(port, bundle)
    plane.install(things)
    for kind in ("mutate", "validate"):
        admin.apply(_webhooks(kind, port, bundle))


def _conversion(port: int, bundle: str) -> Object:
    there = {"url": f"https://127.0.0.1:{port}/convert", "caBundle": bundle}
    return {
        "strategy": "Webhook",
        "webhook": {"clientConfig": there, "conversionReviewVersions": ["v1"]},
    }


def _webhooks(kind: str, port: int, bundle: str) -> Object:
    title = "Mutating" if kind == "mutate" else "Validating"
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{title}WebhookConfiguration",
        "metadata": {"name": f"kueue-{title.lower()}-webhook-configuration"},
        "webhooks": [_webhook(row, port, bundle) for row in _HOOKS if row[0] == kind],
    }


def _webhook(row: tuple[Any, ...], port: int, bundle: str) -> Object:
    kind, group, version, resource, operations = row
    path = f"/{kind}-{group.replace('.', '-')}-{version}-{resource}"
    resources = [f"{resource}s"]
    if kind == "validate" and resource == "workload":
        resources.append("workloads/status")
    made: Object = {
        "name": f"{kind[0]}{resource}.kb.io",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"url": f"https://127.0.0.1:{port}{path}", "caBundle": bundle},
        "failurePolicy": "Fail",
        # A starved machine is no refusal.
        "timeoutSeconds": 30,
        "sideEffects": "None",
        "rules": [
            {
                "apiGroups": [group],
                "apiVersions": [version],
                "operations": list(operations),
                "resources": resources,
            }
        ],
    }
    if group != _KUEUE:
        made["namespaceSelector"] = _namespaces()
    return made


def _namespaces() -> Object:
    return {
        "matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": _EXEMPT}
        ]
    }


def _resource_flavor(name: str) -> Object:
    return {
        "apiVersion": f"{_KUEUE}/v1beta2",
        "kind": "ResourceFlavor",
        "metadata": {"name": name},
    }


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
