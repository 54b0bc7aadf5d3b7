"""The console -> its Deployment, code, Service and walls: it reaches the gateway and nothing else."""

import hashlib

from llmplat.plan.cluster.console import ClusterConsole
from llmplat.plan.cluster.gateway import NAMESPACE
from llmplat.plan.console import NAME as CONSOLE
from llmplat.render.objects.containers import GATEWAY_CODE, PORT, make_container, mount
from llmplat.render.objects.network import (
    PRIVATE_RANGES,
    addresses,
    come_from,
    go_to,
    make_policy,
    pods_here,
)
from llmplat.render.objects.shape import (
    NAME,
    PREFIX,
    ROLE,
    Object,
    make_metadata,
    make_object,
    pod_security,
)

SERVICE_PORT = 80
CODE = "console-code"
SELECTOR = {ROLE: CONSOLE}
_CPU_CORES = 0.1


def make_console_objects(platform: str, console: ClusterConsole) -> tuple[Object, ...]:
    """Everything of the Application console."""
    port = {"name": "http", "port": SERVICE_PORT, "targetPort": "http", "protocol": "TCP"}
    service = {"type": "ClusterIP", "selector": SELECTOR, "ports": [port]}
    return (
        make_object("v1", "ConfigMap", _metadata(platform, CODE), data=console.code),
        _deployment(platform, console),
        make_object("v1", "Service", _metadata(platform), spec=service),
        make_policy(
            platform,
            CONSOLE,
            NAMESPACE,
            SELECTOR,
            # A port-forward and the probes come from a node's address.
            ingress=[come_from(addresses(PRIVATE_RANGES), PORT)],
            egress=[go_to([pods_here({ROLE: "gateway"})], PORT)],
        ),
    )


def _metadata(platform: str, name: str = CONSOLE) -> Object:
    return make_metadata(platform, name, NAMESPACE, {NAME: CONSOLE, ROLE: CONSOLE})


def _deployment(platform: str, console: ClusterConsole) -> Object:
    metadata = _metadata(platform)
    template: Object = {
        "labels": metadata["labels"],
        "annotations": {f"{PREFIX}config-hash": _fingerprint(console)},
    }
    spec = {
        # Two would not know each other's sessions.
        "replicas": 1,
        "revisionHistoryLimit": 3,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": SELECTOR},
        "template": {"metadata": template, "spec": _pod(console)},
    }
    return make_object("apps/v1", "Deployment", metadata, spec=spec)


def _pod(console: ClusterConsole) -> Object:
    container = make_container(
        console.launch,
        console.image,
        cpu_cores=_CPU_CORES,
        extra_env=(("PYTHONPATH", GATEWAY_CODE),),
    )
    pod: Object = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    mount(pod, "code", f"{GATEWAY_CODE}/llmplat/console", {"configMap": {"name": CODE}})
    return pod


def _fingerprint(console: ClusterConsole) -> str:
    digest = hashlib.sha256()
    for name in sorted(console.code):
        digest.update(f"{name}\0{console.code[name]}\0".encode())
    return digest.hexdigest()[:16]
