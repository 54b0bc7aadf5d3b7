"""The LLM gateway -> its Deployment, code and settings, way in and walls."""

import hashlib

from llmplat.plan.cluster.gateway import (
    COMPONENT,
    COUNTERS,
    COUNTERS_PORT,
    CPU_PER_WORKER,
    GATEWAY_PRIORITY,
    NAMESPACE,
    SYSTEM_KEY,
    ClusterGateway,
)
from llmplat.plan.cluster.routing import NAMESPACE as ROUTING_NAMESPACE
from llmplat.plan.cluster.routing import Routing
from llmplat.plan.cluster.secrets import VALUE
from llmplat.render.dump import dump_json
from llmplat.render.gateway_files import LITELLM, make_gateway_files
from llmplat.render.objects.collector import collector_peer
from llmplat.render.objects.containers import (
    CONFIG_DIR,
    GATEWAY_CODE,
    PORT,
    make_container,
    mount,
)
from llmplat.render.objects.edge import make_edge_objects
from llmplat.render.objects.engine_network import DATA_PLANE
from llmplat.render.objects.network import (
    PRIVATE_RANGES,
    addresses,
    anybody_inside,
    come_from,
    go_to,
    make_policy,
    pods_here,
    pods_in,
)
from llmplat.render.objects.shape import (
    NAME,
    PREFIX,
    ROLE,
    Object,
    make_metadata,
    make_object,
    pod_security,
)
from llmplat.render.objects.usage_ledger import DATABASE_PODS, DATABASE_PORT

NAME_OF_ALL = "gateway"
SERVICE_PORT = 80
CODE, CONFIG, KEYS = "gateway-code", "gateway-config", "gateway-keys"
SELECTOR = {ROLE: "gateway"}
DRAIN_S = 10
"""Time for load balancers to learn that a copy is leaving."""
FINGERPRINT = f"{PREFIX}config-hash"
"""Annotation: of what a running copy does not read again."""


def make_gateway_objects(
    platform: str, gateway: ClusterGateway, routing: Routing
) -> tuple[Object, ...]:
    """Everything of the Application litellm."""
    files = {
        file.path: file.content
        for file in make_gateway_files(gateway.launch, lambda _: gateway.upstream)
    }
    keys = dump_json({"keys": list(gateway.keys)})
    found = [
        _map(platform, CODE, gateway.code),
        _map(platform, CONFIG, files),
        _map(platform, KEYS, {"keys.json": keys}),
        make_gateway_deployment(platform, gateway, routing, files),
        _service(platform, gateway),
        _disruption(platform),
        _walls(platform, gateway, routing),
        _monitor(platform),
    ]
    if gateway.entry.domain is not None:
        found += make_edge_objects(platform, gateway.entry, routing, gateway.launch.probe.path)
    return tuple(found)


def make_gateway_deployment(
    platform: str, gateway: ClusterGateway, routing: Routing, files: dict[str, str]
) -> Object:
    """The gateway with the same code, files and words as on one machine."""
    metadata = _metadata(platform)
    template: Object = {
        "labels": metadata["labels"],
        "annotations": {FINGERPRINT: _fingerprint(gateway, files)},
    }
    spec = {
        "replicas": gateway.replicas,
        "revisionHistoryLimit": 3,
        "progressDeadlineSeconds": 900,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
        },
        "selector": {"matchLabels": SELECTOR},
        "template": {"metadata": template, "spec": _pod(gateway, routing)},
    }
    return make_object("apps/v1", "Deployment", metadata, spec=spec)


def _metadata(platform: str, name: str = NAME_OF_ALL) -> Object:
    return make_metadata(platform, name, NAMESPACE, {NAME: COMPONENT, ROLE: "gateway"})


def _map(platform: str, name: str, files: dict[str, str]) -> Object:
    return make_object("v1", "ConfigMap", _metadata(platform, name), data=files)


def _fingerprint(gateway: ClusterGateway, files: dict[str, str]) -> str:
    """Policy and keys are read again while running; code and LiteLLM's own file are not."""
    digest = hashlib.sha256(files[LITELLM].encode())
    for name in sorted(gateway.code):
        digest.update(f"{name}\0{gateway.code[name]}\0".encode())
    return digest.hexdigest()[:16]


def _pod(gateway: ClusterGateway, routing: Routing) -> Object:
    container = make_container(
        gateway.launch,
        gateway.image,
        cpu_cores=CPU_PER_WORKER * gateway.launch.workers,
        extra_env=(("LLMPLAT_REDIS_URL", gateway.counters.url), ("PYTHONPATH", GATEWAY_CODE)),
    )
    if gateway.usage_database is not None:
        address = {"name": gateway.usage_database.secret, "key": "uri"}
        container["env"].append(
            {"name": "LLMPLAT_LEDGER_URL", "valueFrom": {"secretKeyRef": address}}
        )
    container["lifecycle"] = {"preStop": {"sleep": {"seconds": DRAIN_S}}}
    pod: Object = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": GATEWAY_PRIORITY,
        # A request that began may run as long as the route lets it.
        "terminationGracePeriodSeconds": routing.chain.gateway_ms // 1000 + DRAIN_S + 10,
        "securityContext": pod_security(),
        "topologySpreadConstraints": [_spread(is_must=gateway.is_spread)],
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    sources = [{"configMap": {"name": name}} for name in (CONFIG, KEYS)]
    mount(pod, "config", CONFIG_DIR, {"projected": {"sources": sources}})
    code = f"{GATEWAY_CODE}/llmplat/gateway"
    mount(pod, "code", code, {"configMap": {"name": CODE}})
    return pod


def _spread(*, is_must: bool) -> Object:
    return {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone" if is_must else "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": SELECTOR},
    }


def _service(platform: str, gateway: ClusterGateway) -> Object:
    entry = gateway.entry
    metadata = _metadata(platform)
    if entry.annotations:
        metadata["annotations"] = dict(entry.annotations)
    spec: Object = {
        "type": entry.service_type,
        "selector": SELECTOR,
        "ports": [{"name": "http", "port": SERVICE_PORT, "targetPort": "http", "protocol": "TCP"}],
    }
    if entry.service_type == "LoadBalancer":
        spec["loadBalancerSourceRanges"] = list(PRIVATE_RANGES)
    return make_object("v1", "Service", metadata, spec=spec)


def _disruption(platform: str) -> Object:
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": SELECTOR}}
    return make_object("policy/v1", "PodDisruptionBudget", _metadata(platform), spec=spec)


def _walls(platform: str, gateway: ClusterGateway, routing: Routing) -> Object:
    """Teams come in by key from private addresses; out go only models' requests and counters."""
    inference = [pods_in(ROUTING_NAMESPACE, DATA_PLANE)]
    if routing.kept is not None:
        inference = addresses([f"{routing.kept.address}/32"])
    egress = [
        go_to(inference, routing.port),
        go_to([pods_here({ROLE: COUNTERS})], COUNTERS_PORT),
    ]
    if gateway.usage_database is not None:
        egress.append(go_to([pods_here(DATABASE_PODS)], DATABASE_PORT))
    if gateway.is_traced:
        egress.append(collector_peer())
    if gateway.has_external:
        egress.append(go_to((), 443))
    # A load balancer of Google's asks from addresses of its own how the gateway is.
    outside = routing.proxy_ranges if gateway.entry.domain is not None else ()
    return make_policy(
        platform,
        NAME_OF_ALL,
        NAMESPACE,
        SELECTOR,
        ingress=[
            # Pods of any team, which some networks do not count among addresses.
            come_from([anybody_inside(), *addresses((*PRIVATE_RANGES, *outside))], PORT),
        ],
        egress=egress,
    )


def _monitor(platform: str) -> Object:
    key = {"name": SYSTEM_KEY.secret, "key": VALUE}
    endpoint = {
        "port": "http",
        "path": "/metrics",
        "interval": "30s",
        "authorization": {"type": "Bearer", "credentials": key},
    }
    spec = {"selector": {"matchLabels": SELECTOR}, "podMetricsEndpoints": [endpoint]}
    return make_object("monitoring.coreos.com/v1", "PodMonitor", _metadata(platform), spec=spec)
