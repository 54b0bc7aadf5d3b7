"""The file's gke block and what the program declared in this run -> the page before money is spent."""

from collections.abc import Sequence
from dataclasses import dataclass

from llmplat.catalog.entries import Catalog
from llmplat.catalog.gke import load_gke_prices
from llmplat.domain.errors import Finding, InternalError
from llmplat.domain.gke import GkeInputs
from llmplat.domain.provision import Change
from llmplat.plan.cluster.cluster import ClusterPlan
from llmplat.plan.gke.amounts import Amounts
from llmplat.plan.gke.changes import Applied, changes_since
from llmplat.plan.gke.disks import disk_of
from llmplat.plan.gke.inputs import make_inputs
from llmplat.plan.gke.price import GkePrice, InCluster, make_price
from llmplat.plan.gke.resources import Resource, check_resources
from llmplat.spec.gke import Gke
from llmplat.spec.platform import Platform

_GIB = 1024**3


@dataclass(frozen=True)
class GkePlan:
    """What would be made in the cloud, and what that costs."""

    inputs: GkeInputs
    resources: tuple[Resource, ...]
    price: GkePrice
    changes: tuple[Change, ...] | None
    """None where this machine remembers no `up` of this platform."""
    warnings: tuple[Finding, ...]


def inputs_of(platform: Platform, cluster: ClusterPlan | None, catalog: Catalog) -> GkeInputs:
    """What the program is told; only for a platform on GKE."""
    return make_inputs(platform, _gke(platform), cluster, catalog)


def make_gke_plan(
    platform: Platform,
    inputs: GkeInputs,
    cluster: ClusterPlan | None,
    resources: Sequence[Resource],
    applied: Applied | None,
) -> GkePlan:
    """Price, changes and warnings of what the program declared for `inputs`.

    Raises InternalError when the program itself breaks a rule: it is shipped with llmplat.
    """
    wrong = check_resources(resources)
    if wrong:
        raise InternalError(f"The program infra/gke breaks {len(wrong)} rules.", findings=wrong)
    gke = _gke(platform)
    machines = {pool.name: _machines(gke, pool.name, cluster) for pool in gke.pools}
    within = _within(platform, cluster)
    return GkePlan(
        inputs=inputs,
        resources=tuple(resources),
        price=make_price(resources, machines, within, gke.region, load_gke_prices()),
        changes=changes_since(applied, resources),
        warnings=(),
    )


def _gke(platform: Platform) -> Gke:
    gke = platform.substrate.gke
    assert gke is not None  # noqa: S101 (callers look at plan.substrate first)
    return gke


def _machines(gke: Gke, name: str, cluster: ClusterPlan | None) -> Amounts:
    """Machines of one pool; the idle ones are those that the models' fewest replicas hold."""
    pool = next(pool for pool in gke.pools if pool.name == name)
    least, most = gke.least(pool), gke.most(pool)
    idle = min(most, max(least, _held(name, cluster)))
    return Amounts.between(least, idle, most)


def _held(pool: str, cluster: ClusterPlan | None) -> int:
    engines = cluster.workloads.engines if cluster is not None else ()
    there = [one for one in engines if one.flavor is not None and one.flavor.name == pool]
    gpus = sum(one.least * one.launch.gpus for one in there)
    per_node = there[0].flavor.per_node if there and there[0].flavor else 1
    return -(-gpus // per_node)


def _within(platform: Platform, cluster: ClusterPlan | None) -> InCluster:
    gateway = cluster.workloads.gateway if cluster is not None else None
    if gateway is None:
        return InCluster(0, {})
    disk = disk_of(platform.substrate.storage_class) or "volumes"
    balanced = gateway.entry.service_type == "LoadBalancer" or platform.domain is not None
    routing = cluster.workloads.routing if cluster is not None else None
    in_front_of_models = routing is not None and routing.kept is not None
    return InCluster(
        int(balanced) + int(in_front_of_models), {disk: -(-gateway.counters.disk_bytes // _GIB)}
    )
