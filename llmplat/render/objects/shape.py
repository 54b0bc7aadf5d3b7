"""What all objects of ours share: their metadata, the pod around a container, references to secrets."""

import hashlib
from collections.abc import Mapping
from typing import Any

from llmplat.plan.cluster.secrets import VALUE, PlannedSecret

Object = dict[str, Any]
"""One Kubernetes object as plain data."""

PREFIX = "llmplat.dev/"
"""What the names of our own labels and annotations begin with."""
PLATFORM, OWNER, MODEL, ROLE = (PREFIX + key for key in ("platform", "owner", "model", "role"))
BY_DIGEST = f"{PREFIX}images"
"""Label of namespaces where images run by digest only."""
NAME = "app.kubernetes.io/name"
MANAGED_BY = "app.kubernetes.io/managed-by"
PART_OF = "app.kubernetes.io/part-of"
US = "llmplat"
NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""Label that the API server puts on every namespace."""
USER_ID = 65532


def make_metadata(
    platform: str,
    name: str,
    namespace: str | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Object:
    """Name, namespace and labels; annotations where there are any."""
    found: Object = {"name": name}
    if namespace is not None:
        found["namespace"] = namespace
    own = labels or {}
    found["labels"] = {
        NAME: own.get(NAME, name),
        PART_OF: US,
        MANAGED_BY: US,
        PLATFORM: platform,
        **{key: value for key, value in own.items() if key != NAME},
    }
    if annotations:
        found["annotations"] = dict(annotations)
    return found


def make_object(api_version: str, kind: str, metadata: Object, **body: object) -> Object:
    """One object, its keys in the usual order."""
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}


def pod_security(*, group: bool = True) -> Object:
    """What the restricted level asks of a pod."""
    wanted: Object = {"runAsNonRoot": True, "runAsUser": USER_ID, "runAsGroup": USER_ID}
    if group:
        wanted["fsGroup"] = USER_ID
    return {**wanted, "seccompProfile": {"type": "RuntimeDefault"}}


def container_security() -> Object:
    """What the restricted level asks of a container, and a root that nothing writes to."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def secret_env(secret: PlannedSecret) -> Object:
    """The environment variable that carries `secret`."""
    reference = {"name": secret.name, "key": VALUE}
    return {"name": secret.env, "valueFrom": {"secretKeyRef": reference}}


def digest_of(text: str) -> str:
    """What changes when `text` does: pods that read it only when they start carry it."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def cores(count: float) -> str:
    """Processor cores as Kubernetes writes them: 2, 500m."""
    return str(int(count)) if count == int(count) else f"{round(count * 1000)}m"
