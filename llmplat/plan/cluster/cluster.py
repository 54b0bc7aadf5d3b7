"""Everything decided about a cluster, strung together from one file a concern."""

from dataclasses import dataclass

from llmplat.plan.cluster.applications import PlannedApplication, make_applications
from llmplat.plan.cluster.gitops import GitopsPlan, gitops_of
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.reach import hosts_of
from llmplat.plan.cluster.settings import ChartSettings, settings_of
from llmplat.plan.cluster.workloads import Workloads, make_workloads


@dataclass(frozen=True)
class ClusterPlan:
    """What a cluster holds beyond launches."""

    kubernetes: str
    """Minor version, such as "1.34"."""
    substrate: str
    gitops: GitopsPlan
    applications: tuple[PlannedApplication, ...]
    """By wave, then by name."""
    settings: ChartSettings
    """What the values of charts depend on."""
    workloads: Workloads
    """Owners, engines, queues, routing, gateway, policies and secrets."""
    hosts: tuple[str, ...] = ()
    """All that may be reached from behind a mirror; empty without one."""


def make_cluster(ground: Ground) -> ClusterPlan:
    """Every decision about the cluster; raises PlanError or LockMissingError with a fix."""
    workloads = make_workloads(ground)
    return ClusterPlan(
        kubernetes=ground.kubernetes,
        substrate=ground.substrate.name,
        gitops=gitops_of(ground.platform),
        applications=make_applications(ground),
        settings=settings_of(ground, workloads.longest_start_s, workloads.experience),
        workloads=workloads,
        hosts=hosts_of(ground.platform),
    )
