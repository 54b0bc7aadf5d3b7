"""Who reaches an engine: its router's data plane, its endpoint picker, Prometheus; nobody else."""

from llmplat.plan.cluster import policies, routing
from llmplat.plan.cluster.delivery import FETCH
from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.plan.cluster.workloads import Workloads
from llmplat.render.objects.collector import collector_peer
from llmplat.render.objects.containers import PORT
from llmplat.render.objects.network import (
    addresses,
    come_from,
    go_to,
    make_policy,
    pods_here,
    pods_in,
    prometheus,
)
from llmplat.render.objects.shape import MODEL, ROLE, Object

CLIENT = {ROLE: "client"}
"""Pods of the platform that may ask an engine where there is no gateway."""
ROUTER = "router"
METADATA = ("169.254.169.252/32", "169.254.169.254/32")
"""Where a pod on GKE learns its own identity."""
DATA_PLANE = {"gateway.networking.k8s.io/gateway-name": routing.GATEWAY}
"""Label that Gateway API puts on the pods of a Gateway."""


def make_engine_policy(platform: str, engine: ClusterEngine, plan: Workloads) -> Object:
    """The only ways in and out of the engine's pods."""
    mine = {MODEL: engine.launch.model, ROLE: "engine"}
    ingress = [come_from([*_askers(engine.launch.model, plan), prometheus()], PORT)]
    egress = []
    if engine.delivery.mode == FETCH:
        egress = [go_to((), 443), go_to(addresses(METADATA), 80, 988)]
    if engine.is_traced:
        egress.append(collector_peer())
    if engine.prefill is not None:
        # KV caches go from engine to engine by ports that these agree on as they go.
        ingress.append({"from": [pods_here(mine)]})
        egress.append({"to": [pods_here(mine)]})
    return make_policy(
        platform, engine.name, engine.namespace, mine, ingress=ingress, egress=egress or None
    )


def _askers(model: str, plan: Workloads) -> list[Object]:
    if plan.routing is None:
        return [pods_in(policies.SYSTEM_NAMESPACE, CLIENT)]
    picker = pods_here({MODEL: model, ROLE: ROUTER})
    if plan.routing.proxy_ranges:
        return [picker, *addresses(plan.routing.proxy_ranges)]
    return [picker, pods_in(plan.routing.namespace, DATA_PLANE)]
