"""Launches -> every secret by name, namespace and owner; values are nowhere here."""

from dataclasses import dataclass

from llmplat.plan.cluster.ground import Ground

STORE = "llmplat"
"""Name of the ClusterSecretStore that all ExternalSecrets read."""
VALUE = "value"
"""Key inside each Kubernetes Secret."""
BACKEND_NAMESPACE = "llmplat-secrets"
"""Where a cluster without a secret manager keeps the values; nobody but the store reads there."""


@dataclass(frozen=True)
class PlannedSecret:
    """One secret in one namespace."""

    name: str
    namespace: str
    component: str
    """Whose it is: the part that needs it."""
    remote: str
    """Its name in the backend."""
    env: str | None = None
    """Environment variable that carries it, None where it is read by another way."""
    key: str = VALUE
    """Key inside the Kubernetes Secret; a chart may want one of its own."""


@dataclass(frozen=True)
class SecretStore:
    """Where the values are."""

    backend: str
    """kubernetes or gcp-secret-manager."""
    project: str = ""
    """Google Cloud project; "" outside GKE, where no backend of Google's is."""


@dataclass(frozen=True)
class Secrets:
    """The store and all that is read from it."""

    store: SecretStore
    secrets: tuple[PlannedSecret, ...]

    def of(self, namespace: str, component: str) -> tuple[PlannedSecret, ...]:
        """Those of one part in one namespace."""
        return tuple(
            secret
            for secret in self.secrets
            if (secret.namespace, secret.component) == (namespace, component)
        )


def make_store(ground: Ground) -> SecretStore:
    """The backend that the file names; on GKE the cloud's secret manager when it names none."""
    substrate = ground.platform.substrate
    default = "gcp-secret-manager" if substrate.gke is not None else "kubernetes"
    project = substrate.gke.project if substrate.gke is not None else ""
    return SecretStore(substrate.secret_backend or default, project)


def make_secret(
    ground: Ground, name: str, namespace: str, component: str, env: str | None = None
) -> PlannedSecret:
    """One secret; in the backend its name carries the platform's, so that two may share one."""
    return PlannedSecret(name, namespace, component, f"{ground.platform.name}-{name}", env)
