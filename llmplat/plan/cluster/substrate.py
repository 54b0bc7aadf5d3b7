"""The substrate of the catalogue with what the file's own keys add to it or take away."""

from dataclasses import replace

from llmplat.catalog.entries import Catalog, SubstrateFacts
from llmplat.domain.errors import PlanError
from llmplat.spec.platform import Platform
from llmplat.spec.substrate import Substrate


def substrate_of(platform: Platform, catalog: Catalog) -> SubstrateFacts:
    """What this platform's substrate can; PlanError for one that nothing is known of."""
    given = platform.substrate
    if given.kind not in catalog.substrates:
        raise PlanError(
            f"The substrate {given.kind} cannot be planned yet.",
            why=f"llmplat knows {', '.join(catalog.substrates)}.",
            fix=("set substrate: {local: {}}",),
        )
    facts = catalog.substrates[given.kind]
    if given.local is not None:
        return facts
    abilities = (set(facts.abilities) | _gpu_abilities(given)) - _missing(given) | _added(given)
    if platform.gateway.data_plane not in {None, "agentgateway"}:
        abilities -= {"own-data-plane"}
    return replace(facts, abilities=tuple(sorted(abilities)))


def gpu_stack_of(substrate: Substrate) -> str:
    """Who installs GPU drivers: gke-managed, operator or none."""
    if substrate.gke is not None:
        return substrate.gke.gpu_stack
    return (substrate.cluster and substrate.cluster.gpu_stack) or "none"


def _gpu_abilities(substrate: Substrate) -> set[str]:
    """What follows from the GPUs there are and from who installs their drivers."""
    if not _has_gpus(substrate):
        return set()
    stack = gpu_stack_of(substrate)
    of_stack = {"operator": {"gpu-operator"}, "none": {"gpu-exporter"}}
    claimed = {"gpu-claims"} if is_claimed(substrate) else set()
    return {"gpu"} | of_stack.get(stack, set()) | claimed


def is_claimed(substrate: Substrate) -> bool:
    """Whether pods claim GPUs (Dynamic Resource Allocation) instead of asking for a number."""
    return substrate.cluster is not None and substrate.cluster.gpu_allocation == "dra"


def _has_gpus(substrate: Substrate) -> bool:
    if substrate.gke is not None:
        return any(pool.gpu for pool in substrate.gke.pools)
    return bool(substrate.cluster and substrate.cluster.gpus)


def _missing(substrate: Substrate) -> set[str]:
    said = substrate.cluster.abilities.model_dump() if substrate.cluster else {}
    return {name.replace("_", "-") for name, has in said.items() if has is False}


def _added(substrate: Substrate) -> set[str]:
    said = substrate.cluster.abilities.model_dump() if substrate.cluster else {}
    return {name.replace("_", "-") for name, has in said.items() if has is True}
