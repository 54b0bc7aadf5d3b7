"""Spans of requests: which parts make them, the collector that drops all text, and where they end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.plan.cluster.gateway import ClusterGateway
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.langfuse import LANGFUSE, PORT, PROJECT_KEY
from llmplat.plan.cluster.secrets import PlannedSecret, make_secret

COLLECTOR = "otel-collector"
"""Component and Service."""
NAMESPACE = "tracing"
OTLP_PORT = 4318
_ENDPOINT = f"http://{COLLECTOR}.{NAMESPACE}.svc:{OTLP_PORT}"
_COMMON = (
    ("OTEL_EXPORTER_OTLP_ENDPOINT", _ENDPOINT),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
    ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "NO_CONTENT"),
    ("OTEL_METRICS_EXPORTER", "none"),
    # The gateway decides by the request's id; nobody makes spans of a request it left out.
    ("OTEL_TRACES_SAMPLER", "parentbased_always_off"),
)


@dataclass(frozen=True)
class Tracing:
    """The collector and where it sends to."""

    image: str
    url: str
    """OTLP over HTTP, without /v1/traces."""
    key: str | None
    """Name of the secret that is sent as the Authorization header; as a password to Langfuse."""
    to_langfuse: bool
    replicas: int
    secrets: tuple[PlannedSecret, ...]


def make_tracing(ground: Ground) -> Tracing | None:
    """None where the file asks for no traces."""
    given = ground.platform.traces
    if given is None or ground.gateway is None or not ground.runs(COLLECTOR):
        return None
    to_langfuse = given.url is None
    key = PROJECT_KEY if to_langfuse else given.key_secret
    inside = f"http://{LANGFUSE}-web.{LANGFUSE}.svc:{PORT}/api/public/otel"
    secrets = (make_secret(ground, key, NAMESPACE, COLLECTOR, "OTLP_AUTHORIZATION"),) if key else ()
    return Tracing(
        image=ground.image(COLLECTOR),
        url=given.url or inside,
        key=key,
        to_langfuse=to_langfuse,
        replicas=2 if ground.platform.tier == "high-availability" else 1,
        secrets=secrets,
    )


def traced_engines(
    engines: Sequence[ClusterEngine], tracing: Tracing | None
) -> tuple[ClusterEngine, ...]:
    """`engines` that tell their spans; vLLM's hold times and counts of tokens, no text."""
    if tracing is None:
        return tuple(engines)
    words = ("--otlp-traces-endpoint", f"{_ENDPOINT}/v1/traces")
    return tuple(
        replace(
            one,
            is_traced=True,
            launch=replace(
                one.launch,
                argv=(*one.launch.argv, *words),
                env=(*one.launch.env, *_COMMON, ("OTEL_SERVICE_NAME", one.launch.name)),
            ),
        )
        for one in engines
    )


def traced_gateway(
    gateway: ClusterGateway | None, tracing: Tracing | None
) -> ClusterGateway | None:
    """`gateway` whose LiteLLM tells its spans."""
    if gateway is None or tracing is None:
        return gateway
    launch = gateway.launch
    env = (*launch.env, *_COMMON, ("OTEL_SERVICE_NAME", "gateway"))
    return replace(gateway, is_traced=True, launch=replace(launch, env=env))
