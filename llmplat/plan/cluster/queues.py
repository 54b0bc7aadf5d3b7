"""GPUs that the cluster has and models that need them -> flavors and a queue for each owner."""

from dataclasses import dataclass, field

from llmplat.domain.errors import PlanError
from llmplat.plan.cluster.flavors import Flavor, make_flavors
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.owners import Owner
from llmplat.plan.cluster.substrate import is_claimed
from llmplat.spec.model import Model

COHORT = "llmplat"
LOCAL_QUEUE = "models"
"""Name of the LocalQueue in each owner's namespace."""


@dataclass(frozen=True)
class Need:
    """GPUs of one model."""

    model: str
    owner: str
    gpu: str
    per_replica: int
    floor: int
    """At the fewest replicas."""
    most: int
    """At the most."""


@dataclass(frozen=True)
class OwnerQueue:
    """What one owner may hold before it borrows."""

    owner: str
    namespace: str
    quotas: tuple[tuple[str, int], ...]
    """(flavor, GPUs), in order of preference."""

    @property
    def total(self) -> int:
        """GPUs of all flavors."""
        return sum(count for _, count in self.quotas)


@dataclass(frozen=True)
class Queues:
    """All GPUs and who may hold them."""

    flavors: tuple[Flavor, ...]
    queues: tuple[OwnerQueue, ...]
    needs: tuple[Need, ...] = ()
    cohort: str = COHORT
    is_claimed: bool = False
    """Pods claim GPUs; the queues count them all the same."""

    def flavor_of(self, gpu: str) -> Flavor | None:
        """The first flavor with GPUs of that kind."""
        return next((flavor for flavor in self.flavors if flavor.gpu == gpu), None)

    @property
    def supply(self) -> int:
        """GPUs of the whole cluster."""
        return sum(flavor.supply for flavor in self.flavors)


def make_queues(ground: Ground, owners: tuple[Owner, ...]) -> Queues:
    """Flavors and quotas; PlanError when a model fits nowhere or a quota lies below its floor."""
    flavors = make_flavors(ground)
    needs = _needs(ground)
    for need in needs:
        _check_fits_somewhere(need, flavors)
    _check_supply(needs, flavors)
    left = {flavor.name: flavor.supply for flavor in flavors}
    # Floors first, for everyone: what a model needs to be there at all outweighs growth.
    granted = {owner.name: _Grant() for owner in owners}
    for need in needs:
        granted[need.owner].take(need, need.floor, flavors, left)
    for owner in owners:
        _check_quota(owner, granted[owner.name])
        _grow(owner, needs, granted[owner.name], flavors, left)
    queues = tuple(
        OwnerQueue(owner.name, owner.namespace, granted[owner.name].as_quotas(flavors))
        for owner in owners
    )
    return Queues(flavors, queues, needs, is_claimed=is_claimed(ground.platform.substrate))


@dataclass
class _Grant:
    """What one owner was given so far, by flavor."""

    by_flavor: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.by_flavor.values())

    def take(
        self, need: Need, wanted: int, flavors: tuple[Flavor, ...], left: dict[str, int]
    ) -> None:
        """Up to `wanted` GPUs of the needed kind out of what is left."""
        for flavor in flavors:
            if flavor.gpu == need.gpu and wanted > 0:
                given = min(wanted, left[flavor.name])
                self.by_flavor[flavor.name] = self.by_flavor.get(flavor.name, 0) + given
                left[flavor.name] -= given
                wanted -= given

    def as_quotas(self, flavors: tuple[Flavor, ...]) -> tuple[tuple[str, int], ...]:
        """Every flavor, with 0 where nothing is the owner's: it may still borrow there."""
        return tuple((flavor.name, self.by_flavor.get(flavor.name, 0)) for flavor in flavors)


def _grow(
    owner: Owner,
    needs: tuple[Need, ...],
    grant: _Grant,
    flavors: tuple[Flavor, ...],
    left: dict[str, int],
) -> None:
    """Room up to the most replicas, and the rest of a stated quota wherever there is any."""
    for need in needs:
        if need.owner == owner.name:
            room = need.most - need.floor
            if owner.gpu_quota:
                room = min(room, owner.gpu_quota - grant.total)
            grant.take(need, room, flavors, left)
    for flavor in flavors:
        rest = Need("", owner.name, flavor.gpu, 1, 0, 0)
        grant.take(rest, max(0, owner.gpu_quota - grant.total), flavors, left)


def _needs(ground: Ground) -> tuple[Need, ...]:
    models = {model.name: model for model in ground.platform.models}
    gpus = {model.name: model.gpu for model in ground.models}
    return tuple(
        Need(
            model=engine.model,
            owner=models[engine.model].owner,
            gpu=gpus[engine.model] or "",
            per_replica=engine.gpus,
            floor=engine.gpus * (models[engine.model].replicas.min + _others(models[engine.model])),
            most=engine.gpus * (models[engine.model].replicas.max + _others(models[engine.model])),
        )
        for engine in ground.engines
        if engine.gpus
    )


def _others(model: Model) -> int:
    """Engines of the model beside its replicas, always there: a canary, those that read prompts."""
    prefill = model.prefill.replicas if model.prefill is not None else 0
    return prefill + (0 if model.canary is None else 1)


def _check_fits_somewhere(need: Need, flavors: tuple[Flavor, ...]) -> None:
    offered = [flavor for flavor in flavors if flavor.gpu == need.gpu]
    if not offered:
        there = ", ".join(sorted({flavor.gpu for flavor in flavors})) or "no GPU at all"
        raise PlanError(
            f"The model {need.model} fits nowhere in this cluster.",
            why=f"it needs the GPU {need.gpu}; the substrate offers {there}.",
            fix=(f"add GPUs {need.gpu} to the substrate", f"change gpu of {need.model}"),
        )
    if need.per_replica > 1 and any(flavor.is_shared for flavor in offered):
        raise PlanError(
            f"The model {need.model} cannot be split over shared GPUs.",
            why=f"one replica needs {need.per_replica} GPUs {need.gpu}; of shared ones it gets one.",
            fix=(f"remove sharing from the pools with {need.gpu}",),
        )
    widest = max(flavor.per_node for flavor in offered)
    if need.per_replica > widest:
        raise PlanError(
            f"The model {need.model} fits nowhere in this cluster.",
            why=(
                f"one replica needs {need.per_replica} GPUs {need.gpu} of one machine; "
                f"the largest has {widest}."
            ),
            fix=(f"lower tensor-parallel-size of {need.model}", "use larger machines"),
        )


def _check_supply(needs: tuple[Need, ...], flavors: tuple[Flavor, ...]) -> None:
    for gpu in sorted({need.gpu for need in needs}):
        floor = sum(need.floor for need in needs if need.gpu == gpu)
        supply = sum(flavor.supply for flavor in flavors if flavor.gpu == gpu)
        if floor > supply:
            raise PlanError(
                f"There are too few GPUs {gpu} for the models that must always run.",
                why=f"their fewest replicas need {floor}; the substrate has {supply} at most.",
                fix=(f"add {floor - supply} GPUs {gpu}", "lower replicas.min of a model"),
            )


def _check_quota(owner: Owner, floor: _Grant) -> None:
    if owner.gpu_quota and floor.total > owner.gpu_quota:
        raise PlanError(
            f"The GPU quota of {owner.name} lies below what its models need at the least.",
            why=f"their fewest replicas need {floor.total} GPUs; gpuQuota is {owner.gpu_quota}.",
            fix=(
                f"set gpuQuota: {floor.total} for {owner.name}",
                "lower replicas.min of one of its models",
            ),
        )
