"""A running platform -> its engines on GPUs at zero and its queues held, and back to the very figures.

The record of what was there is written first: a run that is killed is gone on with by the next.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from llmplat.apply.cluster_claim import Held
from llmplat.apply.gitops_hold import hold
from llmplat.apply.going import Patience
from llmplat.apply.owned import Owned, find_owned
from llmplat.apply.pause_find import deployment_of, find_running, scaled_of
from llmplat.apply.pause_pools import PoolTools, empty_pools, fill_pools, find_pools
from llmplat.domain.cluster import Cluster, ClusterIdentity, ObjectRef
from llmplat.domain.errors import PreconditionError, TimedOutError
from llmplat.domain.paused import (
    REF,
    Paused,
    PausedModel,
    PausedPool,
    PausedQueue,
    manifest_of,
    parse_paused,
)
from llmplat.domain.ports import Progress, StepProgress
from llmplat.domain.units import format_duration
from llmplat.plan.savings import Saving
from llmplat.render.objects.queues import API as KUEUE_API

AT_ZERO = "autoscaling.keda.sh/paused-replicas"
"""KEDA holds a workload at this many replicas and lets its autoscaler rest."""


@dataclass(frozen=True)
class PauseTools:
    """What `pause` and `resume` need of the world."""

    cluster: Cluster
    claim: Callable[[], AbstractContextManager[Held]]
    savings: Callable[[Paused], tuple[Saving, ...]] = lambda _: ()
    patience: Patience = field(default_factory=Patience)
    pools: PoolTools | None = None
    """The machines; None where they are somebody else's."""


@dataclass(frozen=True)
class PauseReport:
    """What is paused, or runs again."""

    platform: str
    cluster: ClusterIdentity
    is_paused: bool
    is_changed: bool
    """False when it was like that before."""
    since: str
    models: tuple[PausedModel, ...]
    queues: tuple[PausedQueue, ...]
    pools: tuple[PausedPool, ...]
    savings: tuple[Saving, ...]


def read_paused(cluster: Cluster) -> Paused | None:
    """What is paused; None when nothing is. PreconditionError for a record changed by hand."""
    found = cluster.get(REF)
    if found is None:
        return None
    try:
        return parse_paused(found)
    except (ValueError, KeyError, TypeError) as error:
        raise PreconditionError(
            f"{REF} was changed by hand: what was paused cannot be read.",
            str(error),
            (f"kubectl get configmap {REF.name} -n {REF.namespace} -o yaml", "llmplat up"),
        ) from error


def refuse_paused(cluster: Cluster) -> None:
    """PreconditionError when the platform is paused: bringing it up would end the pause by halves."""
    paused = read_paused(cluster)
    if paused is not None:
        raise PreconditionError(
            f"The platform {paused.platform} is paused since {paused.since}.",
            f"{len(paused.models)} models are at zero and {len(paused.queues)} queues are held",
            ("llmplat resume",),
        )


def pause(platform: str, tools: PauseTools, progress: Progress) -> PauseReport:
    """Engines on GPUs to zero, queues held; safe to run twice.

    Raises:
        BusyError: another run holds the platform.
        PreconditionError: there is no such platform in the cluster.
        TimedOutError: an engine does not end; run again, it goes on from there.
    """
    cluster = tools.cluster
    before = read_paused(cluster)
    owned = find_owned(cluster, platform)
    if owned.root is None:
        raise PreconditionError(
            f"There is no platform {platform} in the cluster {cluster.identity().context}.",
            "its root Application is not there",
            ("llmplat up", "llmplat status"),
        )
    with tools.claim():
        paused = before or _found(owned, tools)
        if before is None:
            cluster.apply(manifest_of(paused), is_forced=True)
        _let_rest(owned, paused, tools.patience)
        with progress.step("Hold the queues"):
            _set_queues(cluster, {one.name: "Hold" for one in paused.queues})
        with progress.step("Engines to zero") as step:
            for model in paused.models:
                _to_zero(cluster, model)
            _await_end(cluster, paused, tools.patience, step)
        if tools.pools is not None and paused.pools:
            empty_pools(cluster, paused.pools, tools.pools, progress)
    return _report(paused, tools, is_paused=True, is_changed=before is None)


def resume(platform: str, tools: PauseTools, progress: Progress) -> PauseReport:
    """Put back what `pause` took, figure by figure; safe to run twice.

    Raises BusyError, PreconditionError for a record changed by hand.
    """
    cluster = tools.cluster
    paused = read_paused(cluster)
    if paused is None:
        nothing = Paused(platform, "", (), (), ())
        return _report(nothing, tools, is_paused=False, is_changed=False)
    with tools.claim():
        if tools.pools is not None and paused.pools:
            fill_pools(paused.pools, tools.pools, progress)
        with progress.step("Open the queues"):
            _set_queues(cluster, {one.name: one.stop_policy for one in paused.queues})
        with progress.step("Engines back to their replicas"):
            for model in paused.models:
                _bring_back(cluster, model)
        with progress.step("Automatic sync on again"):
            _automate(find_owned(cluster, platform), paused)
        cluster.delete(REF)
    return _report(paused, tools, is_paused=False, is_changed=True)


def _found(owned: Owned, tools: PauseTools) -> Paused:
    pools = find_pools(tools.pools) if tools.pools is not None else ()
    return replace(find_running(owned), pools=pools)


def _let_rest(owned: Owned, paused: Paused, patience: Patience) -> None:
    names = {one.name for one in paused.applications}
    hold(owned.cluster, (one for one in owned.applications if one.name in names), patience)


def _automate(owned: Owned, paused: Paused) -> None:
    """The root last: from then on Argo CD puts right whatever was missed."""
    wanted = {one.name: one.automated for one in paused.applications}
    for one in sorted(owned.applications, key=lambda it: not it.layer):
        if one.name in wanted:
            automated = {"automated": wanted[one.name]}
            owned.cluster.patch(one.ref, {"spec": {"syncPolicy": automated}})


def _set_queues(cluster: Cluster, policies: dict[str, str]) -> None:
    for name, policy in policies.items():
        ref = ObjectRef(KUEUE_API, "ClusterQueue", None, name)
        found = cluster.get(ref)
        if found is not None and (found.get("spec") or {}).get("stopPolicy") != policy:
            cluster.patch(ref, {"spec": {"stopPolicy": policy}})


def _to_zero(cluster: Cluster, model: PausedModel) -> None:
    scaled, deployment = scaled_of(model.namespace, model.name), deployment_of(model)
    if model.is_scaled and cluster.get(scaled) is not None:
        cluster.patch(scaled, {"metadata": {"annotations": {AT_ZERO: "0"}}})
    if cluster.get(deployment) is not None:
        cluster.patch(deployment, {"spec": {"replicas": 0}})


def _bring_back(cluster: Cluster, model: PausedModel) -> None:
    scaled, deployment = scaled_of(model.namespace, model.name), deployment_of(model)
    if cluster.get(deployment) is not None:
        cluster.patch(deployment, {"spec": {"replicas": model.replicas}})
    if model.is_scaled and cluster.get(scaled) is not None:
        cluster.patch(scaled, {"metadata": {"annotations": {AT_ZERO: None}}})


def _await_end(cluster: Cluster, paused: Paused, patience: Patience, step: StepProgress) -> None:
    """Until no engine has a pod; TimedOutError naming one that has."""
    end_s = patience.now_s() + patience.timeout_s
    while True:
        left = [one for one in paused.models if _replicas(cluster, one)]
        if not left:
            return
        step.detail(f"waiting for {left[0].namespace}/{left[0].name}")
        if patience.now_s() >= end_s:
            first = left[0]
            raise TimedOutError(
                f"The engine {first.namespace}/{first.name} does not end.",
                f"its pods are still there after {format_duration(patience.timeout_s)}",
                (f"kubectl get pods -n {first.namespace}", "llmplat pause    # goes on from here"),
            )
        patience.sleep(patience.poll_s)


def _replicas(cluster: Cluster, model: PausedModel) -> int:
    found = cluster.get(deployment_of(model)) or {}
    return int((found.get("status") or {}).get("replicas", 0))


def _report(paused: Paused, tools: PauseTools, *, is_paused: bool, is_changed: bool) -> PauseReport:
    return PauseReport(
        platform=paused.platform,
        cluster=tools.cluster.identity(),
        is_paused=is_paused,
        is_changed=is_changed,
        since=paused.since,
        models=paused.models,
        queues=paused.queues,
        pools=paused.pools,
        savings=tools.savings(paused) if is_paused else (),
    )
