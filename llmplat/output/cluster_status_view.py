"""How the state of a platform on a cluster is told."""

from collections.abc import Iterable, Sequence

from llmplat.observe.cluster_status import ApplicationState, ClusterStatusReport, ModelState
from llmplat.output.cluster_up_view import cluster_document
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns


def _human(report: ClusterStatusReport, theme: Theme) -> Iterable[str]:
    state = "healthy" if report.is_healthy else "not healthy"
    state = state if report.is_there else "nothing of it is there"
    sign = "ok" if report.is_healthy else "warning"
    where = f"{report.identity.context} (Kubernetes {report.identity.version})"
    yield f"{theme.title(report.platform)} on {where}: {theme.state(sign, state)}"
    if report.busy:
        yield f"  {report.busy}"
    if report.paused_since:
        yield f"  paused since {report.paused_since}: engines on GPUs are at zero, queues are held"
    if report.step not in {"done", ""}:
        yield f"  the last `up` reached the step {report.step}"
    yield from columns([_model_row(one, theme) for one in report.models])
    for one in report.models:
        yield from (f"    {why}" for why in one.why)
    yield from columns([
        [f"  queue {one.name}", f"GPUs {one.gpus_used} of {one.gpus_quota}",
         f"admitted {one.admitted}", f"waiting {one.pending}"]
        for one in report.queues
    ])  # fmt: skip
    waiting = [one for one in report.applications if not one.is_done]
    done = len(report.applications) - len(waiting)
    if report.applications:
        yield f"  {done} of {len(report.applications)} Applications are synced and healthy"
    for application in waiting:
        yield f"  {theme.state('waiting', application.health)} {application.name} {application.sync}"
        yield from (f"    {why}" for why in application.why)
    yield f"{theme.glyph('next')} {report.next_step}"


def _model_row(one: ModelState, theme: Theme) -> list[str]:
    sign = "running" if one.is_healthy else "waiting"
    return [
        f"  {theme.state(sign, f'{one.ready}/{one.wanted}')}",
        one.model,
        one.owner,
        f"{one.gated} held by their queue" if one.gated else "",
    ]


def _plain(report: ClusterStatusReport) -> Iterable[Sequence[object]]:
    yield "platform", report.platform, "healthy" if report.is_healthy else "unhealthy"
    yield "cluster", report.identity.context, report.identity.server, report.identity.version
    if report.paused_since:
        yield "paused", report.paused_since
    for one in report.models:
        yield "model", one.model, one.owner, one.ready, one.wanted, one.gated, "; ".join(one.why)
    for queue in report.queues:
        yield "queue", queue.name, queue.gpus_used, queue.gpus_quota, queue.admitted, queue.pending
    for app in report.applications:
        yield "application", app.name, app.sync, app.health, "; ".join(map(str, app.why))
    yield "next", report.next_step


def _document(report: ClusterStatusReport) -> dict[str, object]:
    return {
        "platform": report.platform,
        "cluster": cluster_document(report.identity),
        "exists": report.is_there,
        "healthy": report.is_healthy,
        "profile": report.profile,
        "step": report.step,
        "busy": report.busy,
        "applications": [_application(one) for one in report.applications],
        "models": list(report.models),
        "queues": list(report.queues),
        "next": report.next_step,
    }


def _application(one: ApplicationState) -> dict[str, object]:
    return {"name": one.name, "sync": one.sync, "health": one.health, "done": one.is_done,
            "why": list(one.why)}  # fmt: skip


VIEW: View[ClusterStatusReport] = View("ClusterStatus", _human, _plain, _document)
