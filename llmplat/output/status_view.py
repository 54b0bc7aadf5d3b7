"""How the state of a running platform is told."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llmplat.domain.substrate import Health, ServiceStatus
from llmplat.domain.units import format_duration, format_size, format_usd
from llmplat.observe.status import StatusReport
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns

_SIGNS = {
    Health.HEALTHY: "running",
    Health.STARTING: "waiting",
    Health.UNHEALTHY: "warning",
    Health.FAILED: "failed",
    Health.STOPPED: "stopped",
}


def _human(report: StatusReport, theme: Theme) -> Iterable[str]:
    state = "healthy" if report.is_healthy else "not healthy"
    sign = "ok" if report.is_healthy else "warning"
    yield f"{theme.title(report.platform)}: {theme.state(sign, state)} {report.gateway_url or ''}"
    if report.busy:
        yield f"  {report.busy}"
    yield from columns([_service_row(service, theme) for service in report.services])
    for service in report.services:
        yield from _trouble(service, theme)
    yield from columns([
        [f"  {load.model}", f"running {load.running}", f"waiting {load.waiting}",
         f"KV cache {load.kv_use:.0%}"]
        for load in report.loads
    ])  # fmt: skip
    yield from columns([["  " + row[0], *row[1:]] for row in _spend(report.usage)])
    for line in _ledger(report.usage):
        yield f"  {theme.state('warning', line)}"
    yield f"{theme.glyph('next')} {report.next_step}"


def _service_row(service: ServiceStatus, theme: Theme) -> list[str]:
    return [
        f"  {theme.state(_SIGNS[service.health], service.health.value)}",
        service.name,
        f"pid {service.pid}" if service.pid else "",
        format_duration(service.uptime_s) if service.uptime_s is not None else "",
        f"{service.restarts} restarts" if service.restarts else "",
        format_size(service.memory_bytes) if service.memory_bytes else "",
        service.url or "",
    ]


def _trouble(service: ServiceStatus, theme: Theme) -> Iterable[str]:
    if service.health in {Health.HEALTHY, Health.STOPPED}:
        return
    yield f"  {service.name}: {service.reason or 'unknown'}"
    if service.health is not Health.STARTING:
        yield from (theme.dim(f"    | {line}") for line in service.last_lines)
        yield f"    fix: {service.fix}"


def _plain(report: StatusReport) -> Iterable[Sequence[object]]:
    yield "platform", report.platform, "healthy" if report.is_healthy else "unhealthy"
    for one in report.services:
        uptime = f"{one.uptime_s:.0f}" if one.uptime_s is not None else ""
        yield (
            "service", one.name, one.health.value, one.pid or "", uptime, one.restarts,
            one.reason or "",
        )  # fmt: skip
    for load in report.loads:
        yield "model", load.model, load.running, load.waiting, f"{load.kv_use:.3f}"
    yield from (("tenant", *row) for row in _spend(report.usage))
    yield from (("ledger", line) for line in _ledger(report.usage))
    yield "next", report.next_step


def _ledger(usage: Mapping[str, Any] | None) -> list[str]:
    """What is wrong with the record of requests; empty while it is written."""
    ledger = (usage or {}).get("ledger") or {}
    if not ledger.get("failing"):
        return []
    waits = f"{ledger['backlog']} wait, at {ledger['limit']} nothing is served"
    return [f"records of requests are not stored: {ledger['failing']}; {waits}"]


def _spend(usage: Mapping[str, Any] | None) -> list[list[str]]:
    """One row a tenant and, below it, one an app; empty while the gateway cannot be asked."""
    rows = []
    for tenant in (usage or {}).get("tenants", ()):
        rows.append(_account_row(tenant["name"], tenant))
        rows += [
            _account_row(f"{tenant['name']}/{app['name']}", app)
            for app in tenant["apps"]
            if not _is_for_verify(tenant["name"], app["name"])
        ]
    return rows


def _is_for_verify(tenant: str, app: str) -> bool:
    """Apps that only `verify` makes keys for, for minutes, are noise; JSON has them."""
    return tenant == "platform" and app.startswith("verify")


def _account_row(name: str, account: Mapping[str, Any]) -> list[str]:
    budget = account.get("budget")
    money = "no budget"
    if budget:
        spent, limit = budget["spentNanousd"], budget["limitNanousd"]
        money = f"{format_usd(spent)} of {format_usd(limit)} a {budget['period']}"
    limits = {name: value for name, value in (account.get("limits") or {}).items() if value}
    bounds = ", ".join(f"{name} {value}" for name, value in limits.items())
    return [name, money, f"in flight {account.get('inFlight', 0)}", bounds]


VIEW: View[StatusReport] = View("Status", _human, _plain)
