"""Valkey, which every request asks: one process that loses nothing it has answered for."""

from llmplat.plan.cluster.gateway import (
    COUNTERS,
    COUNTERS_PORT,
    GATEWAY_PRIORITY,
    NAMESPACE,
    PASSWORD,
    Counters,
)
from llmplat.plan.cluster.secrets import VALUE
from llmplat.render.objects.network import come_from, make_policy, pods_here
from llmplat.render.objects.shape import (
    ROLE,
    Object,
    container_security,
    make_metadata,
    make_object,
    pod_security,
)

DATA = "/data"
SELECTOR = {ROLE: COUNTERS}
_PING = ["sh", "-c", 'test "$(valkey-cli ping)" = PONG']
_HEADROOM = 0.75
"""Of the memory limit: a rewrite of the log needs the rest."""


def make_counter_objects(platform: str, counters: Counters) -> tuple[Object, ...]:
    """Everything of the Application counters."""
    gateway = pods_here({ROLE: "gateway"})
    return (
        _stateful_set(platform, counters),
        _service(platform),
        make_policy(
            platform,
            COUNTERS,
            NAMESPACE,
            SELECTOR,
            ingress=[come_from([gateway], COUNTERS_PORT)],
            egress=(),
        ),
    )


def _metadata(platform: str) -> Object:
    return make_metadata(platform, COUNTERS, NAMESPACE, SELECTOR)


def _stateful_set(platform: str, counters: Counters) -> Object:
    metadata = _metadata(platform)
    # The only holder of what was spent: gone only when somebody says so twice.
    metadata["annotations"] = {
        "argocd.argoproj.io/sync-options": "Prune=confirm,Delete=confirm",
    }
    claim: Object = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": str(counters.disk_bytes)}},
    }
    if counters.storage_class is not None:
        claim["storageClassName"] = counters.storage_class
    template = {
        "metadata": {
            "labels": metadata["labels"],
            "annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"},
        },
        "spec": _pod(counters),
    }
    spec = {
        "serviceName": COUNTERS,
        "replicas": 1,
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "selector": {"matchLabels": SELECTOR},
        "template": template,
        "volumeClaimTemplates": [
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": "data"},
                "spec": claim,
            }
        ],
    }
    return make_object("apps/v1", "StatefulSet", metadata, spec=spec)


def _pod(counters: Counters) -> Object:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": GATEWAY_PRIORITY,
        "terminationGracePeriodSeconds": 60,
        "securityContext": pod_security(),
        "containers": [_container(counters)],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }


def _container(counters: Counters) -> Object:
    password = {"name": PASSWORD, "key": VALUE}
    memory = str(counters.memory_bytes)
    return {
        "name": "valkey",
        "image": counters.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["valkey-server"],
        "args": [
            "--port", str(COUNTERS_PORT),
            "--dir", DATA,
            "--appendonly", "yes",
            # Every answer is on the disk before it is given: spend survives the machine.
            "--appendfsync", "always",
            "--save", "",
            "--maxmemory", str(int(counters.memory_bytes * _HEADROOM)),
            "--maxmemory-policy", "noeviction",
            "--requirepass", "$(REDISCLI_AUTH)",
        ],
        "env": [{"name": "REDISCLI_AUTH", "valueFrom": {"secretKeyRef": password}}],
        "ports": [{"name": "redis", "containerPort": COUNTERS_PORT, "protocol": "TCP"}],
        "startupProbe": {"exec": {"command": _PING}, "periodSeconds": 5, "failureThreshold": 60},
        "readinessProbe": {"exec": {"command": _PING}, "periodSeconds": 5, "timeoutSeconds": 3},
        "livenessProbe": {
            "tcpSocket": {"port": "redis"},
            "periodSeconds": 10,
            "failureThreshold": 6,
        },
        "resources": {"requests": {"cpu": "500m", "memory": memory}, "limits": {"memory": memory}},
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "data", "mountPath": DATA},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 (an emptyDir of the pod's own)
        ],
    }  # fmt: skip


def _service(platform: str) -> Object:
    spec = {
        "clusterIP": "None",
        "selector": SELECTOR,
        "ports": [
            {"name": "redis", "port": COUNTERS_PORT, "targetPort": "redis", "protocol": "TCP"}
        ],
    }
    return make_object("v1", "Service", _metadata(platform), spec=spec)
