"""OpenTelemetry's collector: takes spans from gateway and engines, drops all text, sends them on."""

from llmplat.plan.cluster.gateway import NAMESPACE as GATEWAY_NAMESPACE
from llmplat.plan.cluster.langfuse import LANGFUSE, PORT, PUBLIC_KEY
from llmplat.plan.cluster.secrets import VALUE
from llmplat.plan.cluster.tracing import (
    COLLECTOR,
    NAMESPACE,
    OTLP_PORT,
    Tracing,
)
from llmplat.render.dump import dump_yaml
from llmplat.render.objects.network import (
    come_from,
    go_to,
    make_policy,
    make_walls,
    pods_in,
    pods_of_owners,
)
from llmplat.render.objects.shape import (
    ROLE,
    Object,
    container_security,
    digest_of,
    make_metadata,
    make_object,
    pod_security,
)

LABELS = {ROLE: "collector"}
HEALTH_PORT = 13133
_FILE = "collector.yaml"
KEPT = (
    "gen_ai.latency.e2e",
    "gen_ai.latency.time_in_model_decode",
    "gen_ai.latency.time_in_model_forward",
    "gen_ai.latency.time_in_model_inference",
    "gen_ai.latency.time_in_model_prefill",
    "gen_ai.latency.time_in_queue",
    "gen_ai.latency.time_in_scheduler",
    "gen_ai.latency.time_to_first_token",
    "gen_ai.operation.name",
    "gen_ai.request.id",
    "gen_ai.request.max_tokens",
    "gen_ai.request.model",
    "gen_ai.request.n",
    "gen_ai.request.temperature",
    "gen_ai.request.top_p",
    "gen_ai.response.model",
    "gen_ai.system",
    "gen_ai.usage.completion_tokens",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.prompt_tokens",
    "gen_ai.usage.total_tokens",
    "http.response.status_code",
    "k8s.namespace.name",
    "service.name",
)
"""Attributes that stay; whatever a later version adds is dropped until it stands here."""


def make_collector_objects(platform: str, tracing: Tracing) -> tuple[Object, ...]:
    """Everything of the Application otel-collector."""
    config = dump_yaml(make_config(tracing))
    metadata = make_metadata(platform, COLLECTOR, NAMESPACE, LABELS)
    port = {"name": "otlp", "port": OTLP_PORT, "targetPort": "otlp", "protocol": "TCP"}
    service = {"selector": LABELS, "ports": [port]}
    return (
        *make_walls(platform, NAMESPACE),
        make_object("v1", "ConfigMap", metadata, data={_FILE: config}),
        make_object("v1", "Service", metadata, spec=service),
        _deployment(metadata, tracing, config),
        _walls(platform, tracing),
    )


def make_config(tracing: Tracing) -> Object:
    """Text is dropped three times: attributes by a list, events whole, messages of errors emptied."""
    exporter: Object = {
        "endpoint": tracing.url,
        "sending_queue": {"queue_size": 1000},
        "retry_on_failure": {"max_elapsed_time": "5m"},
    }
    extensions: Object = {"health_check": {"endpoint": f"0.0.0.0:{HEALTH_PORT}"}}
    if tracing.to_langfuse:
        login = {"username": PUBLIC_KEY, "password": "${env:OTLP_AUTHORIZATION}"}
        extensions["basicauth/langfuse"] = {"client_auth": login}
        exporter["auth"] = {"authenticator": "basicauth/langfuse"}
    elif tracing.key is not None:
        exporter["headers"] = {"Authorization": "${env:OTLP_AUTHORIZATION}"}
    return {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"0.0.0.0:{OTLP_PORT}"}}}},
        "processors": {
            "memory_limiter": {
                "check_interval": "1s",
                "limit_percentage": 80,
                "spike_limit_percentage": 20,
            },
            "filter/events": {"error_mode": "propagate", "traces": {"spanevent": ["true"]}},
            "redaction/keep": {
                "allow_all_keys": False,
                "allowed_keys": list(KEPT),
                "summary": "silent",
            },
            "transform/messages": {
                "error_mode": "propagate",
                "trace_statements": [
                    {"context": "span", "statements": ['set(span.status.message, "")']}
                ],
            },
            "batch": {},
        },
        "exporters": {"otlphttp": exporter},
        "extensions": extensions,
        "service": {
            "extensions": sorted(extensions),
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "warn"}},
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": [
                        "memory_limiter",
                        "filter/events",
                        "redaction/keep",
                        "transform/messages",
                        "batch",
                    ],
                    "exporters": ["otlphttp"],
                }
            },
        },
    }


def _deployment(metadata: Object, tracing: Tracing, config: str) -> Object:
    container: Object = {
        "name": COLLECTOR,
        "image": tracing.image,
        "imagePullPolicy": "IfNotPresent",
        "args": [f"--config=/etc/{COLLECTOR}/{_FILE}"],
        "env": [],
        "ports": [
            {"name": "otlp", "containerPort": OTLP_PORT, "protocol": "TCP"},
            {"name": "health", "containerPort": HEALTH_PORT, "protocol": "TCP"},
        ],
        "readinessProbe": {"httpGet": {"path": "/", "port": "health"}, "periodSeconds": 5},
        "livenessProbe": {"httpGet": {"path": "/", "port": "health"}, "periodSeconds": 10},
        "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": container_security(),
        "volumeMounts": [{"name": "config", "mountPath": f"/etc/{COLLECTOR}", "readOnly": True}],
    }
    if tracing.key is not None:
        reference = {"name": tracing.key, "key": VALUE}
        container["env"].append(
            {"name": "OTLP_AUTHORIZATION", "valueFrom": {"secretKeyRef": reference}}
        )
    pod = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": COLLECTOR}}],
    }
    annotations = {"llmplat.dev/config-hash": digest_of(config)}
    template = {
        "metadata": {"labels": metadata["labels"], "annotations": annotations},
        "spec": pod,
    }
    spec = {
        "replicas": tracing.replicas,
        "selector": {"matchLabels": LABELS},
        "template": template,
    }
    return make_object("apps/v1", "Deployment", metadata, spec=spec)


def _walls(platform: str, tracing: Tracing) -> Object:
    """Engines and the gateway may send; nobody reads here."""
    senders = [pods_in(GATEWAY_NAMESPACE, {ROLE: "gateway"}), pods_of_owners({ROLE: "engine"})]
    out = go_to([pods_in(LANGFUSE)], PORT) if tracing.to_langfuse else go_to((), 443)
    return make_policy(
        platform,
        COLLECTOR,
        NAMESPACE,
        LABELS,
        ingress=[come_from(senders, OTLP_PORT)],
        egress=[out],
    )


def collector_peer() -> Object:
    """Where senders may go."""
    return go_to([pods_in(NAMESPACE, LABELS)], OTLP_PORT)
