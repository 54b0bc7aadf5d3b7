"""A plan for GKE -> a cluster that is there: looked at first, made with what was agreed to, checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llmplat.apply.gke_preflight import CloudPreflight, look_at_project, refuse_unready
from llmplat.apply.provision_story import Teller
from llmplat.catalog.cloud import CloudFacts
from llmplat.domain.cloud import Cloud, Named
from llmplat.domain.errors import PreconditionError, ProvisionError, ReplacementError
from llmplat.domain.gke import GkeInputs
from llmplat.domain.ports import Progress
from llmplat.domain.provision import (
    CLUSTER_KIND,
    POOL_KIND,
    Act,
    Change,
    Inputs,
    Provisioner,
)
from llmplat.plan.gke.changes import pool_of
from llmplat.plan.gke.needs import CloudNeeds

_DELETE = "gcloud container clusters delete"


@dataclass(frozen=True)
class GkeTools:
    """What bringing up the cloud needs of the world."""

    cloud: Cloud
    facts: CloudFacts
    provisioner: Provisioner
    connect: Callable[["GkeOutputs"], str]
    """Writes llmplat's own kubeconfig; the name of its context."""
    remember: Callable[[], None] = lambda: None
    """Notes on this machine what was declared, for the next plan to compare with."""


@dataclass(frozen=True)
class GkeWish:
    """How far to go and what was agreed to."""

    inputs: GkeInputs
    document: Inputs
    """The same as the program reads them."""
    needs: CloudNeeds
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Pool -> models that run there."""
    waive: tuple[str, ...] = ()
    """Findings of the preflight to go on without."""
    replace: frozenset[str] = frozenset()
    """Pools that may be thrown away and made again."""
    is_repair: bool = False
    ask: Callable[[str], bool] | None = None
    """Asks a person before anything is made; None where --yes stands for it."""


@dataclass(frozen=True)
class GkeOutputs:
    """What the program handed over."""

    cluster: str
    location: str
    endpoint: str
    """DNS name of the control plane."""


@dataclass(frozen=True)
class GkeGround:
    """The cloud as it is now."""

    outputs: GkeOutputs
    context: str
    """Of llmplat's own kubeconfig."""
    changes: tuple[Change, ...]
    waived: tuple[str, ...]


@dataclass(frozen=True)
class GkePreview:
    """What `up` would do in the cloud; nothing was changed."""

    platform: str
    project: str
    account: str
    state: str
    missing: tuple[Any, ...]
    waived: tuple[Any, ...]
    changes: tuple[Change, ...] | None
    """None where something is missing that finding them out needs."""


def up_gke(wish: GkeWish, tools: GkeTools, progress: Progress) -> GkeGround:
    """Make the cluster and all that belongs to it; a run that was killed is gone on with by the next.

    Raises:
        CredentialsError, CloudError: the cloud could not be asked.
        PreconditionError: something is missing (all findings), or the state is lost; nothing was made.
        ReplacementError: a pool with models, or the cluster, would be made again; nothing was made.
        ProvisionLockedError: another run holds the state, or left it locked.
        ProvisionError: the cloud said no; what failed and what is there is named.
    """
    _warn_of_state(tools.provisioner, progress)
    if wish.is_repair:
        with progress.step("Repair the state of the cloud resources") as step:
            tools.provisioner.repair(wish.document, Teller(step, progress, 0))
    with progress.step(f"Look at the project {wish.needs.project}") as step:
        report = look_at_project(wish.needs, tools.cloud, tools.facts, wish.waive)
        refuse_unready(report)
        step.detail(f"as {report.account}")
    for finding in report.waived:
        progress.warn(f"gone on without: {finding.what} ({finding.code})")
    refuse_lost(wish.needs, tools)
    with progress.step("Find out what changes in the cloud") as step:
        changes = tools.provisioner.preview(wish.document)
        step.detail(_counted(changes))
    refuse_replacement(wish, changes, progress)
    if changes and wish.ask is not None and not wish.ask(f"{_counted(changes)} in the cloud?"):
        raise PreconditionError(
            "Nothing was made in the cloud.", "the answer was no", ("llmplat up",)
        )
    outputs = _provision(wish, tools, len(changes), progress)
    tools.remember()
    with progress.step("Write llmplat's own kubeconfig") as step:
        context = tools.connect(outputs)
        step.detail(context)
    return GkeGround(outputs, context, changes, tuple(one.code for one in report.waived))


def preview_gke(wish: GkeWish, tools: GkeTools) -> GkePreview:
    """What is missing and what would change; nothing is changed in the cloud."""
    report: CloudPreflight = look_at_project(wish.needs, tools.cloud, tools.facts, wish.waive)
    changes = None if report.findings else tools.provisioner.preview(wish.document)
    return GkePreview(
        platform=wish.needs.platform,
        project=wish.needs.project,
        account=report.account,
        state=tools.provisioner.place,
        missing=report.findings,
        waived=report.waived,
        changes=changes,
    )


def refuse_lost(needs: CloudNeeds, tools: GkeTools) -> None:
    """Raise PreconditionError where the cloud holds this platform's network and no state says so."""
    if tools.provisioner.outputs() is not None:
        return
    network = Named("network", needs.platform, "global")
    if tools.cloud.owner(network) != needs.platform:
        return
    raise PreconditionError(
        f"The cloud holds resources of the platform {needs.platform}, and their state is not here.",
        f"{tools.provisioner.place} knows nothing of them, so they would be made twice and fail",
        (
            f"put the state back to {tools.provisioner.place}, or name where it is in stateBackend",
            f"or remove what is left: {_DELETE} {needs.platform} --location {needs.location}",
        ),
    )


def refuse_replacement(wish: GkeWish, changes: tuple[Change, ...], progress: Progress) -> None:
    """Say each replacement; raise ReplacementError for one that was not agreed to by name."""
    refused = []
    for change in changes:
        name = pool_of(change, wish.inputs.platform)
        if change.act is not Act.REPLACE or change.kind not in {POOL_KIND, CLUSTER_KIND}:
            continue
        told = _told(change, name, wish.models.get(name, ()))
        progress.warn(told)
        if name not in wish.replace and (change.kind == CLUSTER_KIND or wish.models.get(name)):
            refused.append((name, told))
    if refused:
        raise ReplacementError(
            f"{', '.join(name for name, _told in refused)} would be deleted and made again, "
            "so nothing was changed.",
            "; ".join(told for _name, told in refused),
            (
                "llmplat up " + " ".join(f"--allow-replace {name}" for name, _told in refused),
                "or take back what differs in platform.yaml",
            ),
        )


def read_outputs(found: Mapping[str, Any], inputs: GkeInputs) -> GkeOutputs:
    """What was handed over; ProvisionError where it is not what was predicted."""
    outputs = GkeOutputs(
        str(found.get("clusterName", "")),
        str(found.get("clusterLocation", "")),
        str(found.get("clusterEndpoint", "")),
    )
    predicted = (inputs.platform, inputs.location)
    if (outputs.cluster, outputs.location) != predicted or not outputs.endpoint:
        raise ProvisionError(
            "The cluster is not the one that was planned.",
            f"planned {predicted[0]} in {predicted[1]}; made {outputs.cluster or 'nothing'} in "
            f"{outputs.location or 'no place'} with the endpoint {outputs.endpoint or 'none'}",
            ("llmplat plan", "run the same command again"),
        )
    return outputs


def _provision(wish: GkeWish, tools: GkeTools, count: int, progress: Progress) -> GkeOutputs:
    with progress.step("Make the cluster and what belongs to it") as step:
        teller = Teller(step, progress, count)
        outputs = read_outputs(tools.provisioner.up(wish.document, teller), wish.inputs)
        step.detail(f"{outputs.cluster} in {outputs.location}")
    return outputs


def _warn_of_state(provisioner: Provisioner, progress: Progress) -> None:
    if provisioner.is_local:
        progress.warn(
            f"the state of the cloud resources is on this machine only: {provisioner.place}. Without "
            "it llmplat does not know what it made; substrate.stateBackend: gs://BUCKET keeps it there"
        )


def _counted(changes: tuple[Change, ...]) -> str:
    counts = {act: sum(one.act is act for one in changes) for act in Act}
    told = ", ".join(f"{act.value} {count}" for act, count in counts.items() if count)
    return told or "nothing changes"


def _told(change: Change, name: str, models: tuple[str, ...]) -> str:
    what = "node pool" if change.kind == POOL_KIND else "cluster"
    why = f" ({', '.join(change.differs)} differs)" if change.differs else ""
    runs = f"; {', '.join(models)} run there" if models else ""
    return f"the {what} {name} would be deleted and made again{why}{runs}"
