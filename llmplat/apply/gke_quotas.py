"""What a platform takes at its largest, and a project's quotas -> each figure that is short."""

from collections.abc import Iterator

from llmplat.apply.gke_look import CONSOLE, Look
from llmplat.domain.cloud import Quota
from llmplat.domain.errors import Finding
from llmplat.plan.gke.needs import CloudNeeds, global_needs, gpu_figure, quota_needs

_FAMILY = "family:"
_NAT_ADDRESSES = 1
"""One address goes out for all private machines."""


def regional_quotas(look: Look) -> Iterator[Finding]:
    """GPUs, vCPUs, disks, machines and addresses of the region."""
    needs, there = look.needs, look.cloud.quotas(look.needs.region)
    taken = there.get("PREEMPTIBLE_CPUS")
    wanted = quota_needs(
        needs.pools, look.vcpus, look.facts, is_taken_counted=bool(taken and taken.limit)
    )
    machines = sum(pool.machines for pool in needs.pools)
    wanted["IN_USE_ADDRESSES"] = machines if needs.public_nodes else _NAT_ADDRESSES
    for figure, need in wanted.items():
        if figure.startswith(_FAMILY):
            yield from _family(look, figure.removeprefix(_FAMILY), need)
        elif figure not in there:
            yield _unknown(figure, need, needs, needs.region)
        elif _room(there[figure], look) < need:
            quota = there[figure]
            yield _short(figure, need, (quota.limit, quota.usage), needs, needs.region)


def uncounted_gpus(look: Look) -> Iterator[Finding]:
    """A kind of GPU that nobody told us the quota of: said, never passed over."""
    for pool in look.needs.pools:
        if pool.accelerator is not None and gpu_figure(pool, look.facts) is None:
            yield _unknown(
                f"gpus-of-{pool.name}", pool.machines * pool.gpus, look.needs, look.needs.region
            )


def _family(look: Look, family: str, need: int) -> Iterator[Finding]:
    figure = f"GPUS_PER_GPU_FAMILY-{family}"
    limit = look.cloud.family_limit(look.needs.region, family)
    if limit is None:
        yield _unknown(figure, need, look.needs, look.needs.region)
    elif 0 <= limit < need:
        yield _short(figure, need, (limit, 0), look.needs, look.needs.region)


def global_quotas(look: Look) -> Iterator[Finding]:
    """What is counted over all regions."""
    there = look.cloud.quotas()
    for figure, need in global_needs(look.needs.pools, look.vcpus).items():
        if figure not in there:
            yield _unknown(figure, need, look.needs, "all regions")
        elif _room(there[figure], look) < need:
            quota = there[figure]
            yield _short(figure, need, (quota.limit, quota.usage), look.needs, "all regions")


def _room(quota: Quota, look: Look) -> float:
    """What may be taken; of a platform that runs nobody knows which part of the use is its own."""
    return quota.limit if look.is_running else quota.left


def _short(
    figure: str, need: int, has: tuple[float, float], needs: CloudNeeds, where: str
) -> Finding:
    limit, usage = has
    more = usage + need
    return Finding(
        f"quota-{figure}",
        f"the quota {figure} in {where} is short: {need:g} needed, {max(0, limit - usage):g} left",
        f"limit {limit:g}, in use {usage:g}; the platform takes {need:g} at its largest",
        (f"ask for {more:g}: {CONSOLE}/iam-admin/quotas?project={needs.project}",
         "or set max lower for the pools in platform.yaml"),
    )  # fmt: skip


def _unknown(figure: str, need: int, needs: CloudNeeds, where: str) -> Finding:
    return Finding(
        f"quota-{figure}",
        f"the quota {figure} in {where} is not known: {need:g} needed",
        "the cloud states no such figure for this project",
        (f"look at {CONSOLE}/iam-admin/quotas?project={needs.project}",
         f"then go on with --waive quota-{figure}"),
    )  # fmt: skip
