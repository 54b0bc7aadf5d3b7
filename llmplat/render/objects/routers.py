"""One endpoint picker per model -> its Deployment, Service, rights, settings and walls."""

from llmplat.plan.cluster.routing import ModelRoute, Routing
from llmplat.render.objects.containers import PORT
from llmplat.render.objects.engine_network import DATA_PLANE, ROUTER
from llmplat.render.objects.network import (
    addresses,
    come_from,
    go_to,
    make_policy,
    pods_here,
    pods_in,
    prometheus,
)
from llmplat.render.objects.picker import picker_settings
from llmplat.render.objects.shape import (
    MODEL,
    OWNER,
    ROLE,
    Object,
    container_security,
    make_metadata,
    make_object,
    pod_security,
)

PICKER_PORT = 9002
HEALTH_PORT = 9003
METRICS_PORT = 9090
_RBAC = "rbac.authorization.k8s.io"
_SETTINGS = "picker.yaml"
_GRACE_S = 30


def make_router_objects(platform: str, route: ModelRoute, routing: Routing) -> tuple[Object, ...]:
    """Everything that picks a replica for one model."""
    found: list[Object] = [
        make_object("v1", "ServiceAccount", _metadata(platform, route)),
        *_rights(platform, route),
        make_object(
            "v1",
            "ConfigMap",
            _metadata(platform, route),
            data={_SETTINGS: picker_settings(route)},
        ),
        _deployment(platform, route),
        _service(platform, route),
        _walls(platform, route, routing),
        _monitor(platform, route),
    ]
    if route.router.replicas > 1:
        spec = {"maxUnavailable": 1, "selector": {"matchLabels": _selector(route)}}
        metadata = _metadata(platform, route)
        found.append(make_object("policy/v1", "PodDisruptionBudget", metadata, spec=spec))
    return tuple(found)


def _metadata(platform: str, route: ModelRoute) -> Object:
    labels = {MODEL: route.model, OWNER: route.owner}
    return make_metadata(platform, route.router.name, route.namespace, labels)


def _selector(route: ModelRoute) -> dict[str, str]:
    return {MODEL: route.model, ROLE: ROUTER}


def _deployment(platform: str, route: ModelRoute) -> Object:
    metadata = _metadata(platform, route)
    labels = {**metadata["labels"], **_selector(route)}
    spec = {
        "replicas": route.router.replicas,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
        },
        "selector": {"matchLabels": _selector(route)},
        "template": {"metadata": {"labels": labels}, "spec": _pod(route)},
    }
    return make_object("apps/v1", "Deployment", metadata, spec=spec)


def _pod(route: ModelRoute) -> Object:
    return {
        "serviceAccountName": route.router.name,
        "enableServiceLinks": False,
        "priorityClassName": "llmplat-gateway",
        "terminationGracePeriodSeconds": _GRACE_S,
        "securityContext": pod_security(group=False),
        "containers": [_container(route)],
        "volumes": [{"name": "settings", "configMap": {"name": route.router.name}}],
    }


def _container(route: ModelRoute) -> Object:
    memory = str(route.router.memory_bytes)
    return {
        "name": "epp",
        "image": route.router.image,
        "imagePullPolicy": "IfNotPresent",
        "args": [
            "--pool-name", route.pool,
            "--pool-namespace", route.namespace,
            "--pool-group", "inference.networking.k8s.io",
            "--zap-encoder", "json",
            "--config-file", f"/config/{_SETTINGS}",
            # No leader: one that stands by is never ready, and nothing would become healthy.
            "--grpc-health-port", str(HEALTH_PORT),
            "--tracing=false",
            # Who may read them is a NetworkPolicy's business.
            "--metrics-endpoint-auth=false",
        ],
        "env": [
            {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}
            for name, path in (("NAMESPACE", "metadata.namespace"), ("POD_NAME", "metadata.name"))
        ],
        "ports": [
            {"name": name, "containerPort": port, "protocol": "TCP"}
            for name, port in (
                ("grpc", PICKER_PORT),
                ("grpc-health", HEALTH_PORT),
                ("metrics", METRICS_PORT),
            )
        ],
        "livenessProbe": _probe(10),
        "readinessProbe": _probe(2),
        "resources": {
            "requests": {"cpu": route.router.cpu, "memory": memory},
            "limits": {"memory": memory},
        },
        "securityContext": container_security(),
        "volumeMounts": [{"name": "settings", "mountPath": "/config", "readOnly": True}],
    }  # fmt: skip


def _probe(period_s: int) -> Object:
    ask = {"port": HEALTH_PORT, "service": "inference-extension"}
    return {"grpc": ask, "periodSeconds": period_s}


def _service(platform: str, route: ModelRoute) -> Object:
    ports = [
        {
            "name": "grpc-ext-proc",
            "protocol": "TCP",
            "port": PICKER_PORT,
            "targetPort": "grpc",
            "appProtocol": "kubernetes.io/h2c",
        },
        {"name": "metrics", "protocol": "TCP", "port": METRICS_PORT, "targetPort": "metrics"},
    ]
    spec = {"selector": _selector(route), "ports": ports}
    return make_object("v1", "Service", _metadata(platform, route), spec=spec)


def _rights(platform: str, route: ModelRoute) -> tuple[Object, ...]:
    look = ["get", "list", "watch"]
    rules: list[Object] = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": look},
        {
            "apiGroups": ["llm-d.ai"],
            "resources": ["inferenceobjectives", "inferencemodelrewrites"],
            "verbs": look,
        },
        {
            "apiGroups": ["inference.networking.k8s.io"],
            "resources": ["inferencepools"],
            "verbs": look,
        },
    ]
    name = route.router.name
    return (
        make_object(f"{_RBAC}/v1", "Role", _metadata(platform, route), rules=rules),
        make_object(
            f"{_RBAC}/v1",
            "RoleBinding",
            _metadata(platform, route),
            subjects=[{"kind": "ServiceAccount", "name": name, "namespace": route.namespace}],
            roleRef={"apiGroup": _RBAC, "kind": "Role", "name": name},
        ),
    )


def _walls(platform: str, route: ModelRoute, routing: Routing) -> Object:
    callers = (
        addresses(routing.proxy_ranges)
        if routing.proxy_ranges
        else [pods_in(routing.namespace, DATA_PLANE)]
    )
    return make_policy(
        platform,
        route.router.name,
        route.namespace,
        _selector(route),
        ingress=[
            come_from(callers, PICKER_PORT, HEALTH_PORT),
            come_from([prometheus()], METRICS_PORT),
        ],
        egress=[
            go_to([pods_here({MODEL: route.model, ROLE: "engine"})], PORT),
            # The API server: its address is known to the cluster alone.
            go_to((), 443, 6443),
        ],
    )


def _monitor(platform: str, route: ModelRoute) -> Object:
    spec = {
        "selector": {"matchLabels": _selector(route)},
        "podMetricsEndpoints": [{"port": "metrics", "path": "/metrics", "interval": "15s"}],
    }
    metadata = _metadata(platform, route)
    return make_object("monitoring.coreos.com/v1", "PodMonitor", metadata, spec=spec)
