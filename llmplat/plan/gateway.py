"""Turns models, backends and policy into the launch of the gateway."""

from llmplat.catalog.entries import Catalog
from llmplat.domain.errors import PlanError
from llmplat.plan.engine import ENGINE_KEY, engine_name
from llmplat.plan.launch import (
    CONFIG_DIR,
    HOST,
    PORT,
    Backend,
    GatewayLaunch,
    Limits,
    Probe,
    SecretEnv,
    Timeouts,
)
from llmplat.plan.planned import PlannedModel
from llmplat.plan.policy import BODY_LIMIT_BYTES, make_policy
from llmplat.spec.model import Model
from llmplat.spec.platform import Platform

RUNTIME = "litellm"
ENGINE_KEY_ENV = "LLMPLAT_ENGINE_KEY"
PROBE = Probe(path="/health/live", period_s=5, timeout_s=5, startup_budget_s=300)
DRAIN_S = 20
"""How long the gateway finishes what it has when it is told to stop."""

_OWN_SECRETS = (
    SecretEnv(ENGINE_KEY_ENV, ENGINE_KEY),
    SecretEnv("LLMPLAT_REDIS_PASSWORD", "redis-password"),
    SecretEnv("LITELLM_MASTER_KEY", "litellm-master-key"),
)
_ENV = (
    # Below the 5 s after which an engine closes an idle connection.
    ("AIOHTTP_KEEPALIVE_TIMEOUT", "3"),
    ("CONFIG_FILE_PATH", f"{CONFIG_DIR}/litellm.yaml"),
    ("DISABLE_ADMIN_UI", "True"),
    # Otherwise each start asks the network for a price table.
    ("LITELLM_LOCAL_MODEL_COST_MAP", "True"),
    ("LITELLM_LOG", "CRITICAL"),
    ("LITELLM_MODE", "PRODUCTION"),
    ("LITELLM_TELEMETRY", "False"),
    ("LLMPLAT_GATEWAY_CONFIG_DIR", CONFIG_DIR),
    ("NO_DOCS", "True"),
    ("NO_OPENAPI", "True"),
    ("NO_REDOC", "True"),
    ("PYTHONUNBUFFERED", "1"),
    # A worker that a busy machine holds up for uvicorn's own 5 s is killed with all it has in hand.
    ("UVICORN_TIMEOUT_WORKER_HEALTHCHECK", "60"),
)


def make_gateway(
    platform: Platform, models: tuple[PlannedModel, ...], port: int, catalog: Catalog
) -> GatewayLaunch:
    """The launch of the gateway in front of `models`."""
    workers = platform.gateway.workers
    backends = tuple(
        b for model in platform.models for b in (*backends_of(model), *_overflow_of(model))
    )
    return GatewayLaunch(
        name="gateway",
        runtime=RUNTIME,
        argv=_argv(workers),
        env=_ENV,
        secret_env=(*_OWN_SECRETS, *_external_secrets(backends)),
        port=port,
        probe=PROBE,
        limits=Limits(memory_bytes=_memory_bytes(workers, catalog)),
        stop_grace_s=DRAIN_S + 10,
        workers=workers,
        backends=backends,
        timeouts=timeouts_of(platform),
        policy=make_policy(platform, models, body_limit_bytes=BODY_LIMIT_BYTES),
    )


def backends_of(model: Model) -> tuple[Backend, ...]:
    """What answers for `model`: each engine replica, or each external service."""
    if model.external:
        return tuple(
            Backend(model.name, None, index, service.url, service.model, service.key_secret)
            for index, service in enumerate(model.external)
        )
    return tuple(
        Backend(model.name, engine_name(model), index, None, model.name, ENGINE_KEY)
        for index in range(model.replicas.max)
    )


def _overflow_of(model: Model) -> tuple[Backend, ...]:
    """The services outside that may answer in the engines' place."""
    return tuple(
        Backend(model.name, None, index, way.url, way.model, way.key_secret, is_overflow=True)
        for index, way in enumerate(model.overflow)
    )


def timeouts_of(platform: Platform) -> Timeouts:
    """The chain, outermost first; PlanError when a part does not outlast the one inside it."""
    chain = platform.timeouts
    if not chain.client_s > chain.gateway_s > chain.engine_s:
        raise PlanError(
            "The timeouts do not nest.",
            why=(
                f"client {chain.client_s:g}s, gateway {chain.gateway_s:g}s and engine "
                f"{chain.engine_s:g}s must each be longer than the next."
            ),
            fix=("timeouts: {client: 660s, gateway: 600s, engine: 590s}",),
        )
    return Timeouts(chain.client_s, chain.gateway_s, chain.engine_s)


def secret_env_name(secret: str) -> str:
    """Environment variable that carries `secret` of an external service; one each, no clashes."""
    return "LLMPLAT_BACKEND_KEY_" + secret.upper().replace("-", "_").replace(".", "d")


def _external_secrets(backends: tuple[Backend, ...]) -> tuple[SecretEnv, ...]:
    names = sorted({b.secret for b in backends if b.engine is None and b.secret is not None})
    return tuple(SecretEnv(secret_env_name(name), name) for name in names)


def _argv(workers: int) -> tuple[str, ...]:
    return (
        "-m", "uvicorn", "llmplat.gateway.asgi:app",
        "--host", HOST, "--port", PORT, "--workers", str(workers),
        "--no-access-log", "--no-server-header", "--no-date-header",
        "--ws", "none", "--lifespan", "on", "--log-level", "warning",
        "--timeout-keep-alive", "75", "--timeout-graceful-shutdown", str(DRAIN_S),
    )  # fmt: skip


def _memory_bytes(workers: int, catalog: Catalog) -> int:
    machine = catalog.machines["local"]
    return machine.gateway_bytes + (workers - 1) * machine.gateway_worker_bytes
