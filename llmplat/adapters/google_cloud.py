"""A Google Cloud project as it is: APIs, billing, permissions, quotas, zones, versions, names."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from urllib.parse import quote

from llmplat.adapters.google_rest import GoogleRest, Json
from llmplat.domain.cloud import CloudProject, Named, Quota
from llmplat.domain.errors import CloudDisabledError, CloudRefusedError

LABEL = "llmplat-platform"
"""Label of clusters and repositories: whose they are."""
DESCRIPTION = "llmplat platform "
"""Networks have no labels; their description begins with it and ends with the platform's name."""
_ENDING = frozenset({"STOPPING", "ERROR"})
"""States of a cluster whose control plane is gone, or soon will be."""
_PERMISSIONS_AT_ONCE = 100
_UNLIMITED = float("inf")


class GoogleCloud:
    """Reads a project (a Cloud); what was read once in a run is not read again."""

    def __init__(self, rest: GoogleRest) -> None:
        self._rest = rest
        self._quotas: dict[str | None, Mapping[str, Quota]] = {}
        self._vcpus: dict[tuple[str, str], int | None] = {}
        self._there: dict[str, tuple[str, ...]] = {}

    def account(self) -> str:
        """Whom Google sees."""
        return self._rest.tokens.account

    def project(self) -> CloudProject:
        """The project; CloudRefusedError when this account sees none of that name."""
        return self._project

    @cached_property
    def _project(self) -> CloudProject:
        name = self._rest.project
        try:
            found = self._rest.get("cloudresourcemanager", f"v3/projects/{name}")
        except CloudDisabledError:
            raise
        except CloudRefusedError as exc:
            raise self._no_project(exc.why) from exc
        if found is None:
            raise self._no_project("404")
        number = str(found.get("name", "")).removeprefix("projects/")
        return CloudProject(found["projectId"], number, found.get("state") == "ACTIVE")

    def _no_project(self, why: str | None) -> CloudRefusedError:
        return CloudRefusedError(
            f"There is no project {self._rest.project} that {self.account()} can see.",
            why=why,
            fix=("gcloud projects list", "set substrate.gke.project in platform.yaml"),
        )

    def enabled(self, apis: Iterable[str]) -> frozenset[str]:
        """Those of `apis` that are on."""
        parent = f"projects/{self._rest.project}"
        names = [f"{parent}/services/{api}" for api in apis]
        found = self._rest.get("serviceusage", f"v1/{parent}/services:batchGet", {"names": names})
        return frozenset(
            str(one["name"]).rpartition("/")[2]
            for one in (found or {}).get("services", ())
            if one.get("state") == "ENABLED"
        )

    def has_billing(self) -> bool:
        """Whether a billing account is linked and open."""
        found = self._rest.get("cloudbilling", f"v1/projects/{self._rest.project}/billingInfo")
        return bool(found and found.get("billingEnabled"))

    def permissions(self, wanted: Iterable[str]) -> frozenset[str]:
        """Those of `wanted` that this identity has."""
        asked, held = sorted(wanted), set()
        for start in range(0, len(asked), _PERMISSIONS_AT_ONCE):
            body = {"permissions": asked[start : start + _PERMISSIONS_AT_ONCE]}
            path = f"v3/projects/{self._rest.project}:testIamPermissions"
            held |= set(self._rest.post("cloudresourcemanager", path, body).get("permissions", ()))
        return frozenset(held)

    def quotas(self, region: str | None = None) -> Mapping[str, Quota]:
        """Compute Engine's figures."""
        if region not in self._quotas:
            path = f"compute/v1/projects/{self._rest.project}"
            document = self._rest.get("compute", f"{path}/regions/{region}" if region else path)
            self._quotas[region] = {
                row["metric"]: Quota(row["limit"], row.get("usage", 0))
                for row in (document or {}).get("quotas", ())
            }
        return self._quotas[region]

    def family_limit(self, region: str, family: str) -> float | None:
        """GPUs of a family that the region gives this project."""
        metric = quote("compute.googleapis.com/gpus_per_gpu_family", safe="")
        path = f"v1beta1/projects/{self._rest.project}/services/compute.googleapis.com"
        found = self._rest.get(
            "serviceusage", f"{path}/consumerQuotaMetrics/{metric}", {"view": "FULL"}
        )
        return _bucket(found or {}, {"region": region, "gpu_family": family})

    def zones(self, region: str) -> tuple[str, ...]:
        """Zones of the region that are up."""
        if region not in self._there:
            path = f"compute/v1/projects/{self._rest.project}/regions/{region}"
            found = self._rest.get("compute", path) or {}
            names = (str(url).rpartition("/")[2] for url in found.get("zones", ()))
            self._there[region] = tuple(sorted(names)) if found.get("status") != "DOWN" else ()
        return self._there[region]

    def vcpus(self, zone: str, machine: str) -> int | None:
        """VCPUs of a machine type; None where the zone does not have it."""
        key = (zone, machine)
        if key not in self._vcpus:
            path = f"compute/v1/projects/{self._rest.project}/zones/{zone}/machineTypes/{machine}"
            found = self._rest.get("compute", path)
            self._vcpus[key] = int(found["guestCpus"]) if found else None
        return self._vcpus[key]

    def has_accelerator(self, zone: str, accelerator: str) -> bool:
        """Whether the zone has that GPU."""
        path = f"compute/v1/projects/{self._rest.project}/zones/{zone}"
        return self._rest.get("compute", f"{path}/acceleratorTypes/{accelerator}") is not None

    def versions(self, region: str, channel: str) -> tuple[str, ...]:
        """Versions of a release channel."""
        path = f"v1/projects/{self._rest.project}/locations/{region}/serverConfig"
        found = self._rest.get("container", path) or {}
        return tuple(
            version
            for row in found.get("channels", ())
            if row.get("channel") == channel
            for version in row.get("validVersions", ())
        )

    def serves(self, cluster: Named) -> bool:
        """Whether its control plane is there to be asked."""
        found = self._cluster(cluster)
        return found is not None and found.get("status") not in _ENDING

    def _cluster(self, thing: Named) -> Json | None:
        within = f"v1/projects/{self._rest.project}/locations/{thing.location}"
        return self._rest.get("container", f"{within}/clusters/{thing.name}")

    def owner(self, thing: Named) -> str | None:
        """Whose cluster, network or repository that is."""
        project = self._rest.project
        if thing.kind == "network":
            path = f"compute/v1/projects/{project}/global/networks/{thing.name}"
            network = self._rest.get("compute", path)
            return None if network is None else _described(network)
        within = f"v1/projects/{project}/locations/{thing.location}"
        if thing.kind == "cluster":
            found = self._cluster(thing)
            return None if found is None else str(found.get("resourceLabels", {}).get(LABEL, ""))
        found = self._rest.get("artifactregistry", f"{within}/repositories/{thing.name}")
        return None if found is None else str(found.get("labels", {}).get(LABEL, ""))


def _described(network: Json) -> str:
    text = str(network.get("description", ""))
    return text.removeprefix(DESCRIPTION) if text.startswith(DESCRIPTION) else ""


def _bucket(metric: Json, wanted: Mapping[str, str]) -> float | None:
    """The limit of the bucket that fits best: most dimensions, none of another value."""
    best: tuple[int, float] | None = None
    for limit in metric.get("consumerQuotaLimits", ()):
        for bucket in limit.get("quotaBuckets", ()):
            dimensions = bucket.get("dimensions", {})
            if any(wanted.get(key) != value for key, value in dimensions.items()):
                continue
            figure = float(bucket.get("effectiveLimit", 0))
            candidate = (len(dimensions), _UNLIMITED if figure < 0 else figure)
            if best is None or candidate[0] > best[0]:
                best = candidate
    return None if best is None else best[1]
