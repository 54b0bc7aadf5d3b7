"""What the substrate, the engines and the gateway say of themselves -> one status report."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from llmplat.domain.foreign_text import parse_json
from llmplat.domain.ports import Ask, Substrate
from llmplat.domain.substrate import Health, Role, ServiceStatus, SubstrateStatus

_TIMEOUT_S = 3.0
_SYSTEM_KEY = "system-key"
_SAMPLE = re.compile(r"^(vllm:\w+)(?:\{[^}]*\})? ([0-9.eE+-]+)$")
_WAITING = "vllm:num_requests_waiting"
_RUNNING = "vllm:num_requests_running"
_KV_USE = "vllm:kv_cache_usage_perc"


@dataclass(frozen=True)
class ModelLoad:
    """One model's engines at this moment, all replicas together."""

    model: str
    running: int
    waiting: int
    kv_use: float
    """Share of the KV cache in use, of the fullest replica; 0 to 1."""


@dataclass(frozen=True)
class StatusReport:
    """What runs, how it is, what it carries, and what to do next."""

    platform: str
    is_healthy: bool
    gateway_url: str | None
    services: tuple[ServiceStatus, ...]
    loads: tuple[ModelLoad, ...]
    usage: dict[str, Any] | None
    """The gateway's own account of spend and limits per tenant; None when it cannot be asked."""
    busy: str | None
    next_step: str


def make_status(substrate: Substrate, ask: Ask) -> StatusReport:
    """The state of everything now; changes nothing.

    Raises:
        NewerVersionError: a newer llmplat started it.
    """
    found = substrate.status()
    is_healthy = bool(found.services) and all(
        service.health is Health.HEALTHY for service in found.services
    )
    return StatusReport(
        platform=found.platform,
        is_healthy=is_healthy,
        gateway_url=found.gateway_url,
        services=found.services,
        loads=_loads(found.services, ask),
        usage=_usage(found, substrate.secret(_SYSTEM_KEY), ask),
        busy=found.busy,
        next_step=_next_step(found, is_healthy=is_healthy),
    )


def parse_samples(text: str) -> dict[str, list[float]]:
    """Values of each `vllm:` metric in Prometheus text, one for each set of labels."""
    found: dict[str, list[float]] = {}
    for line in text.splitlines():
        match = _SAMPLE.match(line)
        if match is not None:
            found.setdefault(match[1], []).append(float(match[2]))
    return found


def _loads(services: Iterable[ServiceStatus], ask: Ask) -> tuple[ModelLoad, ...]:
    by_model: dict[str, list[dict[str, list[float]]]] = {}
    for service in services:
        if service.model is not None and service.health is Health.HEALTHY:
            samples = _samples(f"{service.url}/metrics", ask)
            if samples is not None:
                by_model.setdefault(service.model, []).append(samples)
    return tuple(_load(model, replicas) for model, replicas in by_model.items())


def _load(model: str, replicas: list[dict[str, list[float]]]) -> ModelLoad:
    return ModelLoad(
        model=model,
        running=round(sum(sum(one.get(_RUNNING, ())) for one in replicas)),
        waiting=round(sum(sum(one.get(_WAITING, ())) for one in replicas)),
        kv_use=max((max(one.get(_KV_USE, [0.0])) for one in replicas), default=0.0),
    )


def _samples(url: str, ask: Ask) -> dict[str, list[float]] | None:
    try:
        answer = ask("GET", url, timeout_s=_TIMEOUT_S)
    except OSError:
        return None
    if answer.status != 200:
        return None
    return parse_samples(answer.body.decode(errors="replace"))


def _usage(found: SubstrateStatus, key: str | None, ask: Ask) -> dict[str, Any] | None:
    gateways = [one for one in found.services if one.role is Role.GATEWAY]
    if key is None or not gateways or gateways[0].health is not Health.HEALTHY:
        return None
    headers = {"authorization": f"Bearer {key}"}
    try:
        answer = ask(
            "GET", f"{gateways[0].url}/llmplat/v1/usage", headers=headers, timeout_s=_TIMEOUT_S
        )
        document = parse_json(answer.body)
    except (OSError, ValueError):
        return None
    return document if answer.status == 200 and isinstance(document, dict) else None


def _next_step(found: SubstrateStatus, *, is_healthy: bool) -> str:
    if found.busy is not None:
        return "wait for the run that holds the platform"
    if is_healthy:
        return "llmplat chat"
    failed = [one for one in found.services if one.health is Health.FAILED and one.fix]
    if failed and failed[0].fix:
        return failed[0].fix
    if any(one.health is Health.STARTING for one in found.services):
        return "llmplat logs -f"
    return "llmplat up"
