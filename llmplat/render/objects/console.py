"""The console -> its Deployment, code, Service, name and walls: it reaches the gateway and nothing else."""

import hashlib

from llmplat.plan.cluster.console import ClusterConsole
from llmplat.plan.cluster.experience import SIGN_IN
from llmplat.plan.cluster.gateway import NAMESPACE
from llmplat.plan.cluster.routing import Routing
from llmplat.plan.console import NAME as CONSOLE
from llmplat.render.objects.apps import door_labels
from llmplat.render.objects.containers import GATEWAY_CODE, PORT, make_container, mount
from llmplat.render.objects.edge import Health, make_host_way
from llmplat.render.objects.network import (
    come_from,
    go_to,
    make_policy,
    pods_here,
    pods_in,
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
from llmplat.render.objects.sign_in import from_edge

SERVICE_PORT = 80
CODE = "console-code"
SELECTOR = {ROLE: CONSOLE}
_CPU_CORES = 0.1


def make_console_objects(
    platform: str, console: ClusterConsole, routing: Routing | None
) -> tuple[Object, ...]:
    """Everything of the Application console; its route is its door's where it has one."""
    found = _inside(platform, console, routing)
    if routing is None or console.host is None or console.door is not None:
        return found
    health = Health(console.launch.probe.path, PORT)
    return (*found, *make_host_way(platform, console.host, NAMESPACE, CONSOLE, routing, health))


def _inside(platform: str, console: ClusterConsole, routing: Routing | None) -> tuple[Object, ...]:
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
            ingress=_way_in(console, routing),
            egress=[go_to([pods_here({ROLE: "gateway"})], PORT)],
        ),
    )


def _way_in(console: ClusterConsole, routing: Routing | None) -> list[Object]:
    """By its door, by the edge, or by the API server's port-forward alone.

    Probes and a port-forward come from the pod's own node, which no policy keeps out
    (kubernetes.io/docs/concepts/services-networking/network-policies).
    """
    if console.door is not None:
        return [come_from([pods_in(SIGN_IN, door_labels(console.door))], PORT)]
    if console.host is not None and routing is not None:
        return [come_from(from_edge(routing), PORT)]
    return []


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
