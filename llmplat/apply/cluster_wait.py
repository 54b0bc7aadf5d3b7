"""Planned Applications, wave by wave -> all of them done, or which one is not and why."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from llmplat.apply.cluster_claim import Held
from llmplat.apply.gitops_syncs import end_older_syncs
from llmplat.domain.cluster import PLATFORM, Cluster, Object
from llmplat.domain.errors import TimedOutError
from llmplat.domain.ports import Progress, StepProgress
from llmplat.domain.unhealthy import Unhealthy, find_unhealthy, is_done
from llmplat.plan.cluster.applications import ARGO_CD, PlannedApplication
from llmplat.render.argocd import CONTENT_HASH, ROOT

API = "argoproj.io/v1alpha1"
_EVERY_S = 1.0
_EXPLAIN_EVERY_S = 5.0
_SHOWN = 4


@dataclass(frozen=True)
class Wanted:
    """What the cluster is to come to."""

    platform: str
    hashes: Mapping[str, str]
    """Application -> hash of what it must follow."""
    root_revision: str
    """Digest or commit of the tree that was pushed."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for all waves together."""

    timeout_s: float
    every_s: float = _EVERY_S


def applications_of(cluster: Cluster, platform: str) -> dict[str, Object]:
    """The platform's Applications by name, the root among them."""
    found = cluster.list(API, "Application", ARGO_CD, {PLATFORM: platform})
    return {one["metadata"]["name"]: one for one in found}


def await_waves(
    cluster: Cluster,
    planned: Sequence[PlannedApplication],
    wanted: Wanted,
    patience: Patience,
    progress: Progress,
    held: Held,
) -> None:
    """Wait for each wave in turn, then for the root and for all of them at once.

    Raises TimedOutError that names the first object in the way, BusyError for a lost claim.
    """
    end_s = time.monotonic() + patience.timeout_s
    found: dict[str, Object] = {}
    waves = groupby(sorted(planned, key=lambda one: one.wave), key=lambda one: one.wave)
    for wave, members in waves:
        names = [one.name for one in members]
        with progress.step(f"Wave {wave}: {_listed(names)}") as step:
            found = _await(cluster, found, names, wanted, patience, end_s, step, held)
    with progress.step("Everything at rest") as step:
        every = [ROOT, *(one.name for one in planned)]
        _await(cluster, {}, every, wanted, patience, end_s, step, held)


def unfinished(found: Mapping[str, Object], names: Iterable[str], wanted: Wanted) -> list[str]:
    """Those of `names` that are not there, follow something else, or are not done."""
    return [name for name in names if not _is_there(name, found.get(name), wanted)]


def _is_there(name: str, application: Object | None, wanted: Wanted) -> bool:
    if application is None or not is_done(application):
        return False
    if name == ROOT:
        revision = ((application.get("status") or {}).get("sync") or {}).get("revision")
        return bool(revision == wanted.root_revision)
    annotations = application["metadata"].get("annotations") or {}
    return annotations.get(CONTENT_HASH) == wanted.hashes.get(name)


def _await(  # noqa: PLR0913, PLR0917 (one loop, all of it its state)
    cluster: Cluster,
    found: dict[str, Object],
    names: Sequence[str],
    wanted: Wanted,
    patience: Patience,
    end_s: float,
    step: StepProgress,
    held: Held,
) -> dict[str, Object]:
    """The look that showed `names` done: `found` of the wave before where that has them so already."""
    explained_s = 0.0
    while True:
        held.check()
        if not found or unfinished(found, names, wanted):
            found = applications_of(cluster, wanted.platform)
            end_older_syncs(cluster, found.values())
        waiting = unfinished(found, names, wanted)
        if not waiting:
            step.detail(f"{len(names)} healthy")
            return found
        now_s = time.monotonic()
        if now_s > end_s:
            raise _late(cluster, found, waiting, patience)
        if now_s - explained_s > _EXPLAIN_EVERY_S:
            step.detail(_told(cluster, found, waiting))
            explained_s = now_s
        time.sleep(patience.every_s)


def explain(cluster: Cluster, found: Mapping[str, Object], name: str) -> tuple[Unhealthy, ...]:
    """Why the Application `name` is not done."""
    application = found.get(name)
    if application is None:
        return (Unhealthy(f"Application {name}", f"not made yet{_root_says(found)}", "sync"),)
    why = find_unhealthy(cluster, application)
    return why or (Unhealthy(f"Application {name}", f"is being synced{_root_says(found)}", "sync"),)


def _root_says(found: Mapping[str, Object]) -> str:
    """What the root is at: it hands a child its change only when the waves below are healthy."""
    operation = ((found.get(ROOT) or {}).get("status") or {}).get("operationState") or {}
    message = operation.get("message")
    return f"; the root says: {message}" if message and operation.get("phase") == "Running" else ""


def _told(cluster: Cluster, found: Mapping[str, Object], waiting: Sequence[str]) -> str:
    there = [name for name in waiting if name in found] or list(waiting)
    first = explain(cluster, found, there[0])[-1]
    more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
    return f"{first}{more}"


def _late(
    cluster: Cluster, found: Mapping[str, Object], waiting: Sequence[str], patience: Patience
) -> TimedOutError:
    there = [name for name in waiting if name in found] or list(waiting)
    reasons = [why for name in there[:_SHOWN] for why in explain(cluster, found, name)]
    return TimedOutError(
        f"After {patience.timeout_s:.0f} s the Application {there[0]} is still not done.",
        "; ".join(str(why) for why in reasons[:_SHOWN]),
        (
            "llmplat status shows each part and why it waits",
            "llmplat up goes on where this run ended; --timeout gives it longer",
        ),
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
