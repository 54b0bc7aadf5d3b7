"""A cluster without Argo CD -> one that runs: made once by infra/bootstrap, from then on its own keeper."""

import base64
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from llmplat.apply.argocd_adopt import find_argocd
from llmplat.apply.cluster_inventory import InventoryBook
from llmplat.apply.going import Patience
from llmplat.apply.provision_story import telling
from llmplat.domain.cluster import Cluster, Object, ObjectRef, ref_of
from llmplat.domain.errors import ClusterConflictError, Finding, PreconditionError, TimedOutError
from llmplat.domain.inventory import Inventory, labels_of
from llmplat.domain.ports import Progress, StepProgress
from llmplat.domain.provision import Inputs, Provisioner
from llmplat.domain.unhealthy import why_workload_waits
from llmplat.domain.units import format_duration
from llmplat.plan.cluster.applications import ARGO_CD

REDIS = ObjectRef("v1", "Secret", ARGO_CD, "argocd-redis")
"""The password between Argo CD's parts. On record in the inventory it says who installed Argo CD."""
FOREIGN = Finding(
    "need-missing",
    "An Argo CD is there that llmplat did not make, and the plan holds one too.",
    "both would own its settings; the one that is there can be adopted",
    ("components: {argo-cd: {enabled: false}}",),
)
_APPLICATION = "argoproj.io/v1alpha1"
_OWN = ObjectRef(_APPLICATION, "Application", ARGO_CD, "argo-cd")
_NAMESPACE = ObjectRef("v1", "Namespace", None, ARGO_CD)
_PARTS = {"app.kubernetes.io/part-of": "argocd"}


@dataclass(frozen=True)
class InstallTools:
    """What installing Argo CD needs of the world."""

    open_provisioner: Callable[[], Provisioner]
    """Of the program infra/bootstrap; PreconditionError where a tool of its is missing."""
    document: Inputs
    is_repair: bool = False
    """Break a lock that was left behind first."""
    patience: Patience = field(default_factory=Patience)


def is_ours(inventory: Inventory | None) -> bool:
    """Whether llmplat installed the Argo CD of this cluster, or was about to."""
    return inventory is not None and REDIS in inventory.made


def install(cluster: Cluster, book: InventoryBook, tools: InstallTools, progress: Progress) -> None:
    """Have Argo CD run; nothing where it keeps itself already. A killed run is gone on with.

    Raises:
        PreconditionError: an Argo CD is there that llmplat did not install; a tool is missing.
        ProvisionError, ProvisionLockedError: the program failed, or its state is held.
        TimedOutError: a part does not get ready; names it and why.
    """
    if cluster.get(_OWN) is not None:
        return
    if find_argocd(cluster) is not None and not is_ours(book.now):
        raise PreconditionError(FOREIGN.what, FOREIGN.why, FOREIGN.fix)
    book.about_to_make(REDIS)
    _run_program(cluster, tools, progress)
    _make_password(cluster, book.now.platform)
    with progress.step("Wait for Argo CD") as step:
        _await(cluster, tools.patience, step)


def _run_program(cluster: Cluster, tools: InstallTools, progress: Progress) -> None:
    provisioner = tools.open_provisioner()
    if cluster.get(_NAMESPACE) is None:
        # Whatever its state says is of a cluster that is gone.
        provisioner.forget()
    elif tools.is_repair:
        with telling("Repair the state of Argo CD's installation", progress) as tell:
            provisioner.repair(tools.document, tell)
    elif find_argocd(cluster) is None:
        # It was taken down, and its namespace stayed: the state still has the release.
        with telling("Look for what is left of Argo CD", progress) as tell:
            provisioner.refresh(tools.document, tell)
    with telling("Install Argo CD", progress) as tell:
        provisioner.up(tools.document, tell)


def _make_password(cluster: Cluster, platform: str) -> None:
    """Once: its value never passes through Pulumi, whose state would keep it."""
    value = base64.b64encode(secrets.token_urlsafe(32).encode()).decode()
    metadata = {"name": REDIS.name, "namespace": ARGO_CD, "labels": labels_of(platform)}
    manifest: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    try:
        cluster.create({**manifest, "type": "Opaque", "data": {"auth": value}})
    except ClusterConflictError:
        return


def _await(cluster: Cluster, patience: Patience, step: StepProgress) -> None:
    end_s = patience.now_s() + patience.timeout_s
    while True:
        late = next(_late(cluster), None)
        if late is None:
            return
        step.detail(late)
        if patience.now_s() >= end_s:
            raise TimedOutError(
                f"After {format_duration(patience.timeout_s)} Argo CD is still not ready.",
                late,
                (f"kubectl get pods -n {ARGO_CD}", "llmplat up    # goes on where this run ended"),
            )
        patience.sleep(patience.poll_s)


def _late(cluster: Cluster) -> Iterator[str]:
    """What is not there or not ready, in words."""
    parts = [
        part
        for kind in ("StatefulSet", "Deployment")
        for part in cluster.list("apps/v1", kind, ARGO_CD, _PARTS)
    ]
    if not parts:
        yield "none of its parts is there yet"
    for part in parts:
        if _ready(part) < int(part["spec"].get("replicas", 1)):
            whys = why_workload_waits(cluster, ref_of(part))
            yield str(whys[0]) if whys else f"{ref_of(part)} has no ready pod yet"
    if not any(one.kind == "Application" for one in cluster.kinds() if _is_argo(one.api_version)):
        yield "its type Application is not served yet"


def _ready(part: Object) -> int:
    return int((part.get("status") or {}).get("readyReplicas", 0))


def _is_argo(api_version: str) -> bool:
    return api_version == _APPLICATION
