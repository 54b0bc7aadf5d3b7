"""What a platform takes of a cloud project, and the project -> all that is missing, each by name.

Everything is looked at before anything is made. A finding's code is the name that waives it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from llmplat.apply.gke_look import CONSOLE, Look
from llmplat.apply.gke_quotas import global_quotas, regional_quotas, uncounted_gpus
from llmplat.catalog.cloud import CloudFacts
from llmplat.catalog.versions import numbers_of
from llmplat.domain.cloud import Cloud, Named
from llmplat.domain.errors import (
    CloudDisabledError,
    CloudRefusedError,
    Finding,
    InputError,
    PreconditionError,
)
from llmplat.plan.gke.needs import CloudNeeds, PoolNeed

_GRANT = "gcloud projects add-iam-policy-binding"


@dataclass(frozen=True)
class CloudPreflight:
    """What was found."""

    project: str
    account: str
    findings: tuple[Finding, ...]
    waived: tuple[Finding, ...] = ()
    """Missing, and gone on without by name."""


def look_at_project(
    needs: CloudNeeds, cloud: Cloud, facts: CloudFacts, waive: tuple[str, ...] = ()
) -> CloudPreflight:
    """Everything that `needs` lacks in the project; changes nothing.

    Raises:
        CredentialsError: nobody is signed in, or no longer.
        CloudRefusedError: the project is not there for this account.
        InputError: `waive` names something that is not missing.
    """
    project = cloud.project()
    if not project.is_active:
        raise CloudRefusedError(
            f"The project {needs.project} is being deleted.",
            "it exists, but is not active",
            (f"gcloud projects undelete {needs.project}",),
        )
    look = Look(needs, cloud, facts)
    found = tuple(dict.fromkeys(one for check in _CHECKS for one in _guarded(check, look)))
    wrong = sorted(set(waive) - {one.code for one in found})
    if wrong:
        raise InputError(
            f"--waive {wrong[0]}: nothing of that name is missing.",
            f"missing are: {', '.join(one.code for one in found) or 'none'}",
            ("llmplat doctor",),
        )
    return CloudPreflight(
        project=needs.project,
        account=cloud.account(),
        findings=tuple(one for one in found if one.code not in waive),
        waived=tuple(one for one in found if one.code in waive),
    )


def refuse_unready(report: CloudPreflight) -> None:
    """Raise PreconditionError, with every finding, when anything is missing and not waived."""
    if not report.findings:
        return
    count = len(report.findings)
    lacks = "1 thing" if count == 1 else f"{count} things"
    raise PreconditionError(
        f"The project {report.project} lacks {lacks} that the platform needs; nothing was made.",
        why="; ".join(one.what for one in report.findings),
        fix=(*report.findings[0].fix, f"or go on without: --waive {report.findings[0].code}"),
        findings=report.findings,
    )


def _guarded(check: Callable[[Look], Iterator[Finding]], look: Look) -> Iterator[Finding]:
    """What cannot be looked at is missing too: nobody knows that it is there."""
    try:
        yield from check(look)
    except CloudDisabledError as error:
        yield _api_off(error.api, look.needs)
    except CloudRefusedError as error:
        name = check.__name__.strip("_").replace("_", "-")
        yield Finding(f"unread-{name}", error.what, error.why, error.fix)


def _apis(look: Look) -> Iterator[Finding]:
    enabled = look.cloud.enabled(look.needs.apis)
    off = [api for api in look.needs.apis if api not in enabled]
    yield from (_api_off(api, look.needs) for api in off)


def _api_off(api: str, needs: CloudNeeds) -> Finding:
    return Finding(
        f"api-{api.removesuffix('.googleapis.com')}",
        f"the API {api} is off in {needs.project}",
        "the platform, or this look at the project, calls it; a new API is on within minutes",
        (f"gcloud services enable {api} --project {needs.project}",),
    )


def _billing(look: Look) -> Iterator[Finding]:
    if not look.cloud.has_billing():
        yield Finding(
            "billing",
            f"no billing account pays for {look.needs.project}",
            "Google Cloud makes no cluster in a project that nobody pays for",
            (
                f"gcloud billing projects link {look.needs.project} --billing-account=ACCOUNT",
                f"{CONSOLE}/billing/linkedaccount?project={look.needs.project}",
            ),
        )


def _permissions(look: Look) -> Iterator[Finding]:
    held = look.cloud.permissions(look.needs.permissions)
    account = look.cloud.account()
    for permission in look.needs.permissions:
        if permission in held:
            continue
        role = look.facts.role_of(permission)
        member = f"{_kind_of(account)}:{account}"
        yield Finding(
            f"permission-{permission}",
            f"{account} lacks the permission {permission} in {look.needs.project}",
            f"the role {role} holds it",
            (f"{_GRANT} {look.needs.project} --member={member} --role={role}",),
        )


def _kind_of(account: str) -> str:
    return "serviceAccount" if account.endswith(".gserviceaccount.com") else "user"


def _region(look: Look) -> Iterator[Finding]:
    needs, there = look.needs, look.cloud.zones(look.needs.region)
    if not there:
        yield Finding(
            f"region-{needs.region}",
            f"there is no region {needs.region} for {needs.project}",
            "the cloud does not know it, or it is down",
            ("gcloud compute regions list", "set substrate.gke.region"),
        )
    for zone in needs.zones:
        if there and zone not in there:
            yield Finding(
                f"zone-{zone}",
                f"there is no zone {zone} in {needs.region}",
                f"it has {', '.join(there)}",
                (f"set substrate.gke.zones to some of {', '.join(there)}",),
            )


def _machines(look: Look) -> Iterator[Finding]:
    """A pool spans its zones; where the file names none, one zone that has its machine is enough."""
    for pool in look.needs.pools:
        zones = look.zones_of(pool)
        lacking = [zone for zone in zones if look.cloud.vcpus(zone, pool.machine) is None]
        yield from _lacking(look, pool, pool.machine, lacking)


def _accelerators(look: Look) -> Iterator[Finding]:
    for pool in look.needs.pools:
        label = pool.accelerator
        if label is not None:
            zones = look.zones_of(pool)
            lacking = [zone for zone in zones if not look.cloud.has_accelerator(zone, label)]
            yield from _lacking(look, pool, label, lacking)


def _lacking(look: Look, pool: PoolNeed, thing: str, lacking: list[str]) -> Iterator[Finding]:
    region, zones = look.needs.region, look.zones_of(pool)
    if not pool.zones and len(lacking) < len(zones):
        return
    kind = "accelerator" if thing == pool.accelerator else "machine"
    fix = f"gcloud compute {kind}-types list --filter='name={thing} AND zone~{region}'"
    for zone in lacking:
        yield Finding(
            f"{kind}-{thing}-{zone}",
            f"the zone {zone} has no {thing}, which the pool {pool.name} needs",
            f"the pool spans {', '.join(zones)}",
            (fix, f"then set zones of the pool {pool.name}, or choose another region"),
        )


def _version(look: Look) -> Iterator[Finding]:
    needs = look.needs
    there = look.cloud.versions(needs.region, needs.channel)
    minors = sorted({".".join(one.split(".")[:2]) for one in there}, key=numbers_of)
    if needs.kubernetes not in minors:
        yield Finding(
            f"version-{needs.kubernetes}",
            f"Kubernetes {needs.kubernetes} is not in the channel {needs.channel}",
            f"in {needs.region} it has {', '.join(minors) or 'nothing'}",
            (f"set substrate.gke.kubernetes: \"{minors[-1]}\"" if minors
             else f"gcloud container get-server-config --region {needs.region}",),
        )  # fmt: skip


def _names(look: Look) -> Iterator[Finding]:
    needs = look.needs
    for thing in (
        look.cluster,
        look.network,
        *(Named("repository", name, needs.region) for name in needs.repositories),
    ):
        owner = look.cloud.owner(thing)
        if owner is not None and owner != needs.platform:
            whose = f"it belongs to the platform {owner}" if owner else "llmplat did not make it"
            yield Finding(
                f"name-{thing.kind}",
                f"the name {thing.name} is taken by a {thing.kind} in {needs.project}",
                whose,
                ("give the platform another name in platform.yaml",),
            )


_CHECKS: tuple[Callable[[Look], Iterator[Finding]], ...] = (
    _apis,
    _billing,
    _permissions,
    _region,
    _machines,
    _accelerators,
    regional_quotas,
    uncounted_gpus,
    global_quotas,
    _version,
    _names,
)
