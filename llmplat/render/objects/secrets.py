"""Secrets by name -> the store they are in and what copies them into place; never a value."""

from collections.abc import Iterable

from llmplat.plan.cluster.secrets import (
    BACKEND_NAMESPACE,
    STORE,
    VALUE,
    PlannedSecret,
    SecretStore,
)
from llmplat.render.objects.shape import Object, make_metadata, make_object

API = "external-secrets.io/v1"
ACCOUNT = {"name": "external-secrets", "namespace": "external-secrets"}
"""Service account that reads the backend."""
READER = "llmplat-secret-reader"
REFRESH = "1m0s"
"""How soon a rotated value is in its place."""


def make_store_objects(platform: str, store: SecretStore) -> tuple[Object, ...]:
    """The one store, and where the backend is the cluster itself what lets it be read."""
    metadata = make_metadata(platform, STORE)
    if store.backend == "gcp-secret-manager":
        auth = {"workloadIdentity": {"serviceAccountRef": ACCOUNT}}
        provider: Object = {"gcpsm": {"projectID": store.project, "auth": auth}}
        return (make_object(API, "ClusterSecretStore", metadata, spec={"provider": provider}),)
    provider = {
        "kubernetes": {
            "remoteNamespace": BACKEND_NAMESPACE,
            "server": {
                "url": "kubernetes.default",
                "caProvider": {
                    "type": "ConfigMap",
                    "name": "kube-root-ca.crt",
                    "key": "ca.crt",
                    "namespace": BACKEND_NAMESPACE,
                },
            },
            "auth": {"serviceAccount": ACCOUNT},
        }
    }
    return (
        make_object(API, "ClusterSecretStore", metadata, spec={"provider": provider}),
        *_reader(platform),
    )


def make_external_secrets(
    platform: str, store: SecretStore, secrets: Iterable[PlannedSecret]
) -> tuple[Object, ...]:
    """One ExternalSecret for each name, whoever needs it how often."""
    once = {(secret.namespace, secret.name): secret for secret in secrets}
    return tuple(_external_secret(platform, store, once[key]) for key in sorted(once))


def remote_of(store: SecretStore, secret: PlannedSecret) -> dict[str, str]:
    """Where `secret` is in the backend, as an ExternalSecret says it."""
    is_object = store.backend == "kubernetes"
    return {"key": secret.remote, **({"property": VALUE} if is_object else {})}


def _external_secret(platform: str, store: SecretStore, secret: PlannedSecret) -> Object:
    spec: Object = {
        "refreshInterval": REFRESH,
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": STORE},
        "target": {"name": secret.name, "creationPolicy": "Owner", "deletionPolicy": "Retain"},
        "data": [{"secretKey": secret.key, "remoteRef": remote_of(store, secret)}],
    }
    metadata = make_metadata(platform, secret.name, secret.namespace)
    return make_object(API, "ExternalSecret", metadata, spec=spec)


def _reader(platform: str) -> tuple[Object, ...]:
    rbac = "rbac.authorization.k8s.io"
    rules = [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]},
        {
            "apiGroups": ["authorization.k8s.io"],
            "resources": ["selfsubjectrulesreviews"],
            "verbs": ["create"],
        },
    ]
    metadata = make_metadata(platform, READER, BACKEND_NAMESPACE)
    return (
        make_object(f"{rbac}/v1", "Role", metadata, rules=rules),
        make_object(
            f"{rbac}/v1",
            "RoleBinding",
            metadata,
            subjects=[{"kind": "ServiceAccount", **ACCOUNT}],
            roleRef={"apiGroup": rbac, "kind": "Role", "name": READER},
        ),
    )
