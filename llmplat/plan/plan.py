"""What planning decides, as frozen values that turn into JSON field by field."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmplat.plan.launch import EngineLaunch, GatewayLaunch, Timeouts
from llmplat.plan.planned import (
    LeftOut,
    PlannedComponent,
    PlannedLayer,
    PlannedModel,
    PlannedTenant,
)

if TYPE_CHECKING:
    from llmplat.plan.cluster.cluster import ClusterPlan
    from llmplat.plan.gke.gke_plan import GkePlan


@dataclass(frozen=True)
class Plan:
    """Everything decided; the later stages only spell and act."""

    platform: str
    profile: str
    substrate: str
    layers: tuple[PlannedLayer, ...]
    components: tuple[PlannedComponent, ...]
    left_out: tuple[LeftOut, ...]
    models: tuple[PlannedModel, ...]
    tenants: tuple[PlannedTenant, ...]
    timeouts: Timeouts
    engines: tuple[EngineLaunch, ...]
    gateway: GatewayLaunch | None
    """None for the profile `serving`, which ends below the gateway."""
    warnings: tuple[str, ...]
    tight: tuple[str, ...] = ()
    """Models that fit their GPU by the best estimate only, and why."""
    cluster: "ClusterPlan | None" = None
    """None on this machine."""
    gke: "GkePlan | None" = None
    """The cloud's side, where the program was asked; None elsewhere."""
