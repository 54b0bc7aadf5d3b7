"""Turns a launch into a container: the same words as on one machine, in a pod's form."""

from collections.abc import Iterable
from typing import Any

from llmplat.plan.cluster.secrets import VALUE
from llmplat.plan.launch import Launch, Probe
from llmplat.render.objects.shape import Object, container_security, cores
from llmplat.render.processes import Process, spell_process

PORT = 8000
"""Port of every container: each pod has an address of its own."""
CONFIG_DIR = "/etc/llmplat"
MODEL_DIR = "/modelcar/models"
GATEWAY_CODE = "/opt/llmplat"
TMP = "/tmp"  # noqa: S108 (an emptyDir of the pod's own)
INTERPRETER = "python3"


def make_container(
    launch: Launch,
    image: str,
    *,
    cpu_cores: float | None = None,
    extra_env: Iterable[tuple[str, str]] = (),
    port: int = PORT,
) -> Object:
    """The container of `launch`; its secrets are named, its root is read-only."""
    process = spell_process(
        launch, host="0.0.0.0", port=port, model_dir=MODEL_DIR, config_dir=CONFIG_DIR  # noqa: S104 (inside a pod; who reaches it is a NetworkPolicy's business)
    )  # fmt: skip
    return {
        "name": launch.name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        # Images have the sources of what runs in their own folder, where they would be found first.
        "workingDir": TMP,
        "command": [INTERPRETER],
        "args": list(process.argv),
        "env": _env(process, extra_env),
        "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}],
        **make_probes(launch.probe),
        "resources": _resources(launch, cpu_cores),
        "securityContext": container_security(),
        "volumeMounts": [{"name": "tmp", "mountPath": TMP}],
    }


def make_probes(probe: Probe) -> Object:
    """Ready and alive by one cheap question that no load changes the answer to."""
    failures = -(-round(probe.startup_budget_s) // round(probe.period_s))
    return {
        "startupProbe": {**_ask(probe), "failureThreshold": failures},
        "readinessProbe": {**_ask(probe), "failureThreshold": 2},
        "livenessProbe": {**_ask(probe), "failureThreshold": 6},
    }


def _ask(probe: Probe) -> Object:
    return {
        "httpGet": {"path": probe.path, "port": "http"},
        "periodSeconds": round(probe.period_s),
        "timeoutSeconds": round(probe.timeout_s),
    }


def mount(
    pod: Object, name: str, path: str, volume: dict[str, Any], *, is_read_only: bool = True
) -> None:
    """Adds a volume to `pod` and mounts it in its first container."""
    pod["volumes"].append({"name": name, **volume})
    place: Object = {"name": name, "mountPath": path}
    if is_read_only:
        place["readOnly"] = True
    pod["containers"][0]["volumeMounts"].append(place)


def _env(process: Process, extra: Iterable[tuple[str, str]]) -> list[Object]:
    """Plain variables, then secrets by reference.

    A read-only root needs a home to write to, and libraries ask for a name that no passwd has.
    """
    plain = (("HOME", TMP), ("USER", "llmplat"), *process.env, *extra)
    by_reference: list[Object] = [
        {"name": s.env, "valueFrom": {"secretKeyRef": {"name": s.secret, "key": VALUE}}}
        for s in process.secret_env
    ]
    return [*({"name": name, "value": value} for name, value in plain), *by_reference]


def _resources(launch: Launch, cpu_cores: float | None) -> Object:
    memory = str(launch.limits.memory_bytes)
    requests = {"memory": memory}
    wanted = cpu_cores if cpu_cores is not None else launch.limits.cpu_cores
    if wanted is not None:
        requests["cpu"] = cores(wanted)
    # No limit on processor time: it only slows what the node could give.
    return {"requests": requests, "limits": {"memory": memory}}
