"""A model's image and the cluster's version -> how the weights reach the engine."""

from dataclasses import dataclass

from llmplat.catalog.cluster import load_delivery_rules
from llmplat.catalog.entries import DeliveryRule
from llmplat.catalog.versions import numbers_of
from llmplat.domain.errors import PlanError
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.substrate import gpu_stack_of
from llmplat.spec.model import Model

MODELS_FOLDER = "models"
"""Folder of a modelcar that holds the model's files."""

IMAGE_VOLUME, SIDECAR, FETCH = "image-volume", "sidecar", "fetch"


@dataclass(frozen=True)
class Delivery:
    """How one model's files come to where its engine reads them."""

    mode: str
    """image-volume, sidecar or fetch."""
    image: str
    """The model's image, by digest."""
    why: str
    """Which rule decided it, for people."""


def choose_delivery(model: Model, ground: Ground) -> Delivery:
    """How `model` is delivered: as the file demands, else by the first rule that works here.

    Raises PlanError when the model comes as no image, or when what is demanded cannot work.
    """
    image = _image_of(model, ground)
    rules = {rule.name: rule for rule in load_delivery_rules()}
    if model.delivery != "auto":
        rule = rules[model.delivery]
        _check_demanded(model, rule, ground)
        return Delivery(rule.name, image, f"models.{model.name}.delivery: {rule.name}")
    for rule in rules_in_order(ground):
        if _works_by_itself(rule, ground):
            told = f"Kubernetes {ground.kubernetes}: {rule.title[0].lower()}{rule.title[1:]}"
            return Delivery(rule.name, image, told)
    raise PlanError(
        f"The model {model.name} cannot be delivered to this cluster.",
        why=f"no way of delivery works on Kubernetes {ground.kubernetes}.",
        fix=("update the cluster", "llmplat explain " + model.name),
    )


def rules_in_order(ground: Ground) -> tuple[DeliveryRule, ...]:
    """The rules that fit the cluster's version and GPU stack, the preferred one first."""
    stack = gpu_stack_of(ground.platform.substrate)
    return tuple(
        rule
        for rule in load_delivery_rules()
        if minor(ground.kubernetes) >= minor(rule.since) and stack not in rule.excludes
    )


def minor(version: str) -> tuple[int, ...]:
    """A Kubernetes version as numbers that compare: "1.34" -> (1, 34)."""
    return numbers_of(version)[:2]


def _works_by_itself(rule: DeliveryRule, ground: Ground) -> bool:
    if rule.ability is not None and ground.has(rule.ability):
        return True
    since = rule.default_since
    return since is not None and minor(ground.kubernetes) >= minor(since)


def _check_demanded(model: Model, rule: DeliveryRule, ground: Ground) -> None:
    if rule not in rules_in_order(ground):
        raise PlanError(
            f"The model {model.name} cannot be delivered as {rule.name}.",
            why=f"the cluster runs Kubernetes {ground.kubernetes}; {rule.name} needs {rule.since}.",
            fix=(f"remove delivery of {model.name}: llmplat takes what works",),
        )
    if rule.ability is not None and not _works_by_itself(rule, ground):
        raise PlanError(
            f"The model {model.name} cannot be delivered as {rule.name}.",
            why=f"Kubernetes {ground.kubernetes} has it switched off unless told otherwise.",
            fix=(
                "set substrate.cluster.abilities: {imageVolumes: true} once the nodes have it",
                f"remove delivery of {model.name}: llmplat takes what works",
            ),
        )


def _image_of(model: Model, ground: Ground) -> str:
    if model.source is not None and model.source.startswith("oci://"):
        return model.source.removeprefix("oci://")
    for entry in ground.lock.models if ground.lock is not None else ():
        if model.package is not None and entry.name == model.name and entry.image is not None:
            return entry.image
    raise PlanError(
        f"The model {model.name} is no image, so it cannot be brought to a cluster.",
        why="engines in a cluster read nothing from the internet; a model comes from a registry.",
        fix=(
            f"set package: true for {model.name}, and modelRepository, then llmplat lock",
            "or source: oci://registry/name@sha256:...",
        ),
    )
