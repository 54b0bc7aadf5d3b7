"""Models by owner -> one namespace each, with what the owner may hold in it."""

from dataclasses import dataclass

from llmplat.plan.cluster.ground import Ground

GROUP_PREFIX = "llmplat:tenant:"
"""Group of a tenant's people, as the cluster's sign-in tells it."""


@dataclass(frozen=True)
class Owner:
    """One namespace for the models of one owner."""

    name: str
    namespace: str
    group: str
    """Whoever is in it may work in the namespace, short of what the platform put there."""
    models: tuple[str, ...]
    gpu_quota: int
    """GPUs that the file gives the owner; 0: what its models need."""


def make_owners(ground: Ground) -> tuple[Owner, ...]:
    """Everyone who owns a model with an engine or has GPUs to hold, by name."""
    quotas = {tenant.name: tenant.gpu_quota for tenant in ground.platform.tenants}
    served = {engine.model for engine in ground.engines}
    models = {
        name: tuple(m.name for m in ground.models if m.owner == name and m.name in served)
        for name in {m.owner for m in ground.models} | set(quotas)
    }
    return tuple(
        Owner(name, namespace_of(name), GROUP_PREFIX + name, models[name], quotas.get(name, 0))
        for name in sorted(models)
        if models[name] or quotas.get(name)
    )


def namespace_of(owner: str) -> str:
    """The namespace of an owner's models."""
    return f"models-{owner}"
