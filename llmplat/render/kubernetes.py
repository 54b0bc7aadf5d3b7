"""Turns a launch into a Deployment and a Service, as data."""

from dataclasses import dataclass
from typing import Any

from llmplat.plan.launch import EngineLaunch, GatewayLaunch, Launch, Probe
from llmplat.render.processes import Process, spell_process

PORT = 8000
"""Port of every container: each pod has an address of its own."""

CONFIG_DIR = "/etc/llmplat"
MODEL_DIR = "/models"
GATEWAY_CODE = "/opt/llmplat"
COUNTERS_URL = "redis://counters:6379/0"
USER_ID = 65532

_GPU_RUNTIME = "vllm-cuda"


@dataclass(frozen=True)
class Image:
    """What a container runs."""

    reference: str
    """Repository, tag and digest."""
    interpreter: str = "python3"


def make_engine_objects(launch: EngineLaunch, image: Image) -> tuple[dict[str, Any], ...]:
    """Deployment and Service of one model's engine."""
    deployment = _deployment(launch, image, replicas=launch.replicas, surroundings=())
    if launch.runtime == _GPU_RUNTIME:
        limits = deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
        limits["nvidia.com/gpu"] = launch.gpus
    if launch.annotations:
        deployment["spec"]["template"]["metadata"]["annotations"] = dict(launch.annotations)
    # A second engine would need a second GPU: replace, do not add.
    deployment["spec"]["strategy"] = {"type": "Recreate"}
    _mount(deployment, "model", MODEL_DIR, {"emptyDir": {}})
    return deployment, _service(launch)


def make_gateway_objects(launch: GatewayLaunch, image: Image) -> tuple[dict[str, Any], ...]:
    """Deployment and Service of the gateway; its files and code come from ConfigMaps."""
    surroundings = (("LLMPLAT_REDIS_URL", COUNTERS_URL), ("PYTHONPATH", GATEWAY_CODE))
    deployment = _deployment(launch, image, replicas=1, surroundings=surroundings)
    _mount(deployment, "config", CONFIG_DIR, {"configMap": {"name": "gateway-config"}})
    code = f"{GATEWAY_CODE}/llmplat/gateway"
    _mount(deployment, "code", code, {"configMap": {"name": "gateway-code"}})
    return deployment, _service(launch)


def _deployment(
    launch: Launch, image: Image, *, replicas: int, surroundings: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    labels = _labels(launch)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": launch.name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": _pod(launch, image, surroundings),
            },
        },
    }


def _pod(launch: Launch, image: Image, surroundings: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": round(launch.stop_grace_s),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "fsGroup": USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(launch, image, surroundings)],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }


def _container(
    launch: Launch, image: Image, surroundings: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    process = spell_process(
        launch, host="0.0.0.0", port=PORT, model_dir=MODEL_DIR, config_dir=CONFIG_DIR  # noqa: S104 (inside a pod; who reaches it is a NetworkPolicy's business)
    )  # fmt: skip
    return {
        "name": launch.name,
        "image": image.reference,
        "command": [image.interpreter],
        "args": list(process.argv),
        "env": _env(process, surroundings),
        "ports": [{"name": "http", "containerPort": PORT}],
        **_probes(launch.probe),
        "resources": _resources(launch),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 (an emptyDir of the pod's own)
    }


def _env(process: Process, surroundings: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    """Plain variables, then secrets by reference; a read-only root needs a home to write to."""
    plain = (("HOME", "/tmp"), *process.env, *surroundings)  # noqa: S108 (an emptyDir of the pod's own)
    by_reference = [
        {"name": s.env, "valueFrom": {"secretKeyRef": {"name": s.secret, "key": "value"}}}
        for s in process.secret_env
    ]
    return [{"name": name, "value": value} for name, value in plain] + by_reference


def _probes(probe: Probe) -> dict[str, Any]:
    ask = {
        "httpGet": {"path": probe.path, "port": "http"},
        "periodSeconds": round(probe.period_s),
        "timeoutSeconds": round(probe.timeout_s),
    }
    failures = -(-round(probe.startup_budget_s) // round(probe.period_s))
    return {
        "startupProbe": {**ask, "failureThreshold": failures},
        "readinessProbe": ask,
        "livenessProbe": {**ask, "failureThreshold": 6},
    }


def _resources(launch: Launch) -> dict[str, Any]:
    memory = str(launch.limits.memory_bytes)
    requests = {"memory": memory}
    if launch.limits.cpu_cores is not None:
        requests["cpu"] = str(launch.limits.cpu_cores)
    return {"requests": requests, "limits": {"memory": memory}}


def _mount(deployment: dict[str, Any], name: str, path: str, volume: dict[str, Any]) -> None:
    pod = deployment["spec"]["template"]["spec"]
    pod["volumes"].append({"name": name, **volume})
    mount = {"name": name, "mountPath": path, "readOnly": True}
    pod["containers"][0]["volumeMounts"].append(mount)


def _service(launch: Launch) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": launch.name, "labels": _labels(launch)},
        "spec": {
            "selector": _labels(launch),
            "ports": [{"name": "http", "port": PORT, "targetPort": "http"}],
        },
    }


def _labels(launch: Launch) -> dict[str, str]:
    return {"app.kubernetes.io/name": launch.name, "app.kubernetes.io/part-of": "llmplat"}
