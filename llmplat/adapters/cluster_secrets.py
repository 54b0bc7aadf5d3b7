"""Secrets of one namespace of a cluster as a SecretBackend: what external-secrets copies from."""

import base64
from datetime import UTC, datetime

from llmplat.domain.cluster import Cluster, Object, ObjectRef
from llmplat.domain.errors import ClusterConflictError
from llmplat.domain.inventory import labels_of
from llmplat.domain.secrets import StoredSecret
from llmplat.domain.units import parse_whole

_VERSION = "llmplat.dev/version"
_CHANGED = "llmplat.dev/changed"


class ClusterSecrets:
    """Values under the key `key` of Secrets in `namespace`, which is made when it is not there."""

    def __init__(self, cluster: Cluster, platform: str, namespace: str, key: str) -> None:
        self._cluster = cluster
        self._labels = labels_of(platform)
        self._namespace = namespace
        self._key = key

    @property
    def place(self) -> str:
        """For people."""
        return f"namespace {self._namespace} of {self._cluster.identity().context}"

    def stored(self, names: tuple[str, ...]) -> tuple[StoredSecret, ...]:
        """Those that have a value."""
        found = ((name, self._cluster.get(self._ref(name))) for name in sorted(set(names)))
        return tuple(
            StoredSecret(name, _version(secret), _changed(secret))
            for name, secret in found
            if secret is not None and self._has_value(secret)
        )

    def read(self, name: str) -> str | None:
        """The value."""
        found = self._cluster.get(self._ref(name))
        data = ((found or {}).get("data") or {}).get(self._key)
        return base64.b64decode(data).decode() if data else None

    def create(self, name: str, value: str) -> bool:
        """Make the Secret; False when somebody was first."""
        self._ensure_namespace()
        try:
            self._cluster.create(self._manifest(name, value, 1))
        except ClusterConflictError:
            found = self._cluster.get(self._ref(name))
            if found is None or self._has_value(found):
                return False
            self._cluster.apply(self._manifest(name, value, 1), is_forced=True)
        return True

    def replace(self, name: str, value: str) -> int:
        """Another value under the same name."""
        found = self._cluster.get(self._ref(name)) or {}
        version = _version(found) + 1
        self._cluster.apply(self._manifest(name, value, version), is_forced=True)
        return version

    def _ref(self, name: str) -> ObjectRef:
        return ObjectRef("v1", "Secret", self._namespace, name)

    def _has_value(self, secret: Object) -> bool:
        return bool((secret.get("data") or {}).get(self._key))

    def _ensure_namespace(self) -> None:
        ref = ObjectRef("v1", "Namespace", None, self._namespace)
        if self._cluster.get(ref) is None:
            metadata = {"name": self._namespace, "labels": dict(self._labels)}
            self._cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    def _manifest(self, name: str, value: str, version: int) -> Object:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": name,
                "namespace": self._namespace,
                "labels": dict(self._labels),
                "annotations": {_VERSION: str(version), _CHANGED: now},
            },
            "type": "Opaque",
            "data": {self._key: base64.b64encode(value.encode()).decode()},
        }


def _version(secret: Object) -> int:
    return parse_whole(_annotations(secret).get(_VERSION, "")) or 1


def _changed(secret: Object) -> str:
    made = str(secret.get("metadata", {}).get("creationTimestamp", ""))
    return _annotations(secret).get(_CHANGED) or made


def _annotations(secret: Object) -> dict[str, str]:
    return secret.get("metadata", {}).get("annotations") or {}
