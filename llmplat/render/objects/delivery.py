"""How a model's files come to the folder that its engine reads, in each of three ways."""

from llmplat.plan.cluster.delivery import FETCH, IMAGE_VOLUME, MODELS_FOLDER, SIDECAR
from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.render.objects.containers import INTERPRETER, TMP, mount
from llmplat.render.objects.shape import Object, container_security

PLACE = "/modelcar"
"""Where the image's own root is seen; the model is in its folder models/."""
FETCHER = "fetch_model.py"
SCRIPTS = "/opt/llmplat"
_ROOM = 1.1
"""Disk asked for, in shares of the weights: configuration and tokenizer come on top."""


def deliver(pod: Object, engine: ClusterEngine) -> None:
    """Adds to `pod` whatever brings the model's files to its first container."""
    {IMAGE_VOLUME: _as_volume, SIDECAR: _beside, FETCH: _before}[engine.delivery.mode](pod, engine)


def _as_volume(pod: Object, engine: ClusterEngine) -> None:
    image = {"reference": engine.delivery.image, "pullPolicy": "IfNotPresent"}
    mount(pod, "model", PLACE, {"image": image})


def _beside(pod: Object, engine: ClusterEngine) -> None:
    """The image runs, and the engine follows a link into its root by the shared process table."""
    pod["shareProcessNamespace"] = True
    mount(pod, "model", PLACE, {"emptyDir": {}})
    link = f"ln -sf /proc/$$/root/{MODELS_FOLDER} {PLACE}/{MODELS_FOLDER} && exec sleep infinity"
    sidecar = {
        "name": "model",
        "image": engine.delivery.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", link],
        "restartPolicy": "Always",
        "startupProbe": {
            "exec": {"command": ["sh", "-c", f"test -e {PLACE}/{MODELS_FOLDER}/config.json"]},
            "periodSeconds": 1,
            "failureThreshold": 60,
        },
        "resources": _small(),
        "securityContext": container_security(),
        "volumeMounts": [{"name": "model", "mountPath": PLACE}],
    }
    pod.setdefault("initContainers", []).append(sidecar)


def _before(pod: Object, engine: ClusterEngine) -> None:
    """An init container with the engine's own image fetches and checks every layer."""
    size = str(int(engine.weights_bytes * _ROOM) + 1024 * 1024 * 1024)
    mount(pod, "model", PLACE, {"emptyDir": {"sizeLimit": size}})
    resources = _small()
    resources["requests"]["ephemeral-storage"] = size
    fetcher = {
        "name": "fetch-model",
        "image": engine.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [INTERPRETER, f"{SCRIPTS}/{FETCHER}"],
        "env": [
            {"name": "HOME", "value": TMP},
            {"name": "LLMPLAT_IMAGE", "value": engine.delivery.image},
            {"name": "LLMPLAT_TARGET", "value": PLACE},
        ],
        "resources": resources,
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "model", "mountPath": PLACE},
            {"name": "scripts", "mountPath": SCRIPTS, "readOnly": True},
            {"name": "tmp", "mountPath": TMP},
        ],
    }
    pod.setdefault("initContainers", []).append(fetcher)


def _small() -> Object:
    return {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}
