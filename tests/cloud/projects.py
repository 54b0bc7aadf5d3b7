"""Six platforms on GKE, and for each a project that has just what it takes."""

import copy

import yaml

from llmplat.catalog.cloud import load_cloud
from llmplat.cli.wiring import catalog
from llmplat.plan.gke.gke_plan import inputs_of
from llmplat.plan.gke.needs import (
    CloudNeeds,
    cloud_needs,
    global_needs,
    quota_needs,
)
from llmplat.spec.load import parse_platform
from llmplat.spec.platform import Platform
from tests.fakes.cluster_platform import example
from tests.fakes.google import FakeProject

VCPUS = {
    "e2-standard-4": 4, "e2-standard-8": 8, "n2-standard-8": 8, "g2-standard-4": 4,
    "g2-standard-8": 8, "g2-standard-24": 24, "a2-highgpu-1g": 12, "a3-highgpu-8g": 208,
    "n1-standard-8": 8,
}  # fmt: skip
ZONES = {
    "europe-west4": ["europe-west4-a", "europe-west4-b", "europe-west4-c"],
    "us-central1": ["us-central1-a", "us-central1-b", "us-central1-c", "us-central1-f"],
}
SYSTEM = {"name": "system", "machine": "e2-standard-4", "min": 1, "max": 3}
L4 = {"name": "l4", "machine": "g2-standard-8", "gpu": "l4", "count": 1, "max": 4}
H100 = {"name": "h100", "machine": "a3-highgpu-8g", "gpu": "h100-80gb", "count": 8, "max": 2}
A100 = {"name": "a100", "machine": "a2-highgpu-1g", "gpu": "a100-40gb", "count": 1, "max": 3}
T4 = {"name": "t4", "machine": "n1-standard-8", "gpu": "t4", "count": 2, "max": 2}

GKES = {
    "l4-spot": {"pools": [SYSTEM, {**L4, "spot": True}]},
    "l4-and-h100": {"zones": ["us-central1-a", "us-central1-b"], "region": "us-central1",
                    "pools": [SYSTEM, L4, H100]},
    "flex-h100": {"pools": [SYSTEM, {**H100, "flexStart": True}]},
    "a100": {"zones": ["europe-west4-a"], "pools": [{**SYSTEM, "machine": "n2-standard-8"}, A100]},
    "t4-twice": {"pools": [SYSTEM, T4, {**T4, "name": "t4-spot", "spot": True}]},
    "own-zones": {"pools": [SYSTEM, {**L4, "machine": "g2-standard-24", "count": 2,
                  "zones": ["europe-west4-b"]}]},
}  # fmt: skip


def platform_of(gke: dict) -> Platform:
    """A platform with that literal gke block."""
    document = copy.deepcopy(example("cluster-two-teams"))
    block = {"project": "my-project", "region": "europe-west4", **gke}
    document |= {"name": "demo", "substrate": {"gke": block}}
    return parse_platform(yaml.safe_dump(document, sort_keys=False), "platform.yaml").platform


def needs_of(name: str) -> CloudNeeds:
    """What the platform of that name takes."""
    return cloud_needs(inputs_of(platform_of(GKES[name]), None, catalog()), load_cloud())


def good_project(needs: CloudNeeds) -> FakeProject:
    """Has exactly what `needs` takes, and not one more of any figure."""
    facts = load_cloud()
    regional = quota_needs(needs.pools, VCPUS, facts, is_taken_counted=True)
    families = {
        n.removeprefix("family:"): c for n, c in regional.items() if n.startswith("family:")
    }
    figures = {n: (c + 5.0, 5.0) for n, c in regional.items() if not n.startswith("family:")}
    figures["IN_USE_ADDRESSES"] = (8.0, 7.0)
    figures.setdefault("PREEMPTIBLE_CPUS", (1.0, 0.0))
    some = tuple(ZONES[needs.region][:2])
    offers = {(zone, pool) for pool in needs.pools for zone in pool.zones or some}
    return FakeProject(
        id=needs.project,
        enabled={*needs.apis, "storage.googleapis.com"},
        permissions={*needs.permissions, "storage.buckets.get"},
        region_quotas={needs.region: figures},
        global_quotas={n: (c + 2.0, 2.0) for n, c in global_needs(needs.pools, VCPUS).items()},
        families={(needs.region, family): count for family, count in families.items()},
        zones=dict(ZONES),
        machines={(zone, pool.machine): VCPUS[pool.machine] for zone, pool in offers},
        accelerators={(zone, pool.accelerator) for zone, pool in offers if pool.accelerator},
        versions={"REGULAR": ["1.33.5-gke.100", "1.34.1-gke.200"], "RAPID": ["1.36.0-gke.1"]},
    )
