"""What the values of charts depend on, decided once: the only words their templates may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from llmplat.plan.cluster.alerting import Alerting, make_alerting
from llmplat.plan.cluster.claims import DEVICE_CLASS
from llmplat.plan.cluster.experience import Experience
from llmplat.plan.cluster.gateway import NAMESPACE, Zone, zone_of
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.substrate import gpu_stack_of, is_claimed
from llmplat.spec.substrate import Substrate

WAIT_FOR_PODS_MARGIN = 1.5
"""Kueue gives a started pod this much of the longest start-up budget before it takes it back."""


@dataclass(frozen=True)
class ChartSettings:
    """The context of every values.yaml.j2."""

    platform: str
    substrate: str
    kubernetes: str
    gpu_stack: str
    """gke-managed, operator or none."""
    replicas: int
    """Of what can run more than once: 2 when the tier says so."""
    is_highly_available: bool
    storage_class: str | None
    domain: str | None
    components: tuple[str, ...]
    """Everything that runs, so that a chart can look for what it works with."""
    wait_for_pods_s: int
    """Kueue's timeout for a pod that is not ready yet."""
    prometheus_url: str = "http://kube-prometheus-stack-prometheus.monitoring.svc:9090"
    gpu_clients: int = 1
    """Engines on one GPU, where NVIDIA's operator shares them."""
    device_class: str = ""
    """Class of the GPUs that pods claim; "" where they ask for a number."""
    gateway_url: str = ""
    """Of the LLM gateway inside the cluster, with /v1; "" where the profile ends below it."""

    app_homes: Mapping[str, str] = field(default_factory=dict)
    """Component -> https address of an app behind a door; empty without sign-in."""
    zone: Zone | None = None
    """Where records are written; None: by nobody here."""
    gpu_usd_per_hour: float | None = None
    """What the plan counts for one GPU; None where kinds differ or no model has one."""
    alerting: Alerting | None = None
    """Who is told; None: nobody."""

    @property
    def wait_for_pods(self) -> str:
        """`wait_for_pods_s` as Kubernetes spells a duration."""
        return f"{timedelta(seconds=self.wait_for_pods_s) // timedelta(minutes=1)}m"


def settings_of(
    ground: Ground, longest_start_s: float, experience: Experience | None = None
) -> ChartSettings:
    """The settings of this platform; `longest_start_s` is the slowest model's start-up budget."""
    is_highly_available = ground.platform.tier == "high-availability"
    minutes = int(longest_start_s * WAIT_FOR_PODS_MARGIN // 60) + 1
    return ChartSettings(
        platform=ground.platform.name,
        substrate=ground.substrate.name,
        kubernetes=ground.kubernetes,
        gpu_stack=gpu_stack_of(ground.platform.substrate),
        replicas=2 if is_highly_available else 1,
        is_highly_available=is_highly_available,
        storage_class=ground.platform.substrate.storage_class,
        domain=ground.platform.domain,
        components=tuple(sorted(one.name for one in ground.components)),
        wait_for_pods_s=60 * max(30, minutes),
        gpu_clients=_gpu_clients(ground.platform.substrate),
        device_class=DEVICE_CLASS if is_claimed(ground.platform.substrate) else "",
        app_homes=_app_homes(experience),
        zone=zone_of(ground.platform),
        gpu_usd_per_hour=_gpu_usd_per_hour(ground),
        alerting=make_alerting(ground),
        gateway_url=f"http://{ground.gateway.name}.{NAMESPACE}.svc/v1" if ground.gateway else "",
    )


def _app_homes(experience: Experience | None) -> dict[str, str]:
    if experience is None or experience.sign_in is None:
        return {}
    return {app.name: f"https://{app.place.host}.{experience.domain}" for app in experience.apps}


def _gpu_usd_per_hour(ground: Ground) -> float | None:
    prices = {model.usd_per_hour for model in ground.models if model.gpu is not None}
    return prices.pop() if len(prices) == 1 else None


def _gpu_clients(substrate: Substrate) -> int:
    """The same for all kinds of GPU, which is checked before."""
    kinds = substrate.cluster.gpus if substrate.cluster is not None else ()
    return max((kind.sharing.clients for kind in kinds if kind.sharing is not None), default=1)
