"""Decides whether a model reads prompts on engines of their own (llm-d's prefill/decode disaggregation)."""

from dataclasses import dataclass

from llmplat.domain.errors import PlanError
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.launch import EngineLaunch
from llmplat.spec.model import Model

LLM_D = "llm-d"
ROUTING = "routing"
"""The layer whose router chooses who reads a prompt."""


@dataclass(frozen=True)
class PlannedPrefill:
    """Engines that only read prompts, beside those that answer."""

    replicas: int
    min_tokens: int
    """Shorter prompts are read where they are answered; 0: all are read apart."""
    sidecar: str
    """Image, by digest, of what stands before each engine that answers."""


def make_prefill(model: Model, launch: EngineLaunch, ground: Ground) -> PlannedPrefill | None:
    """The prefill engines of `model`, None where it asks for none; PlanError where it cannot have any."""
    if model.prefill is None:
        return None
    why, fix = _obstacle(model, launch, ground)
    if why:
        what = f"The prompts of {model.name} cannot be read on engines of their own."
        raise PlanError(what, why=why, fix=(fix, f"remove prefill of {model.name}"))
    sidecar = ground.image("llm-d-sidecar")
    # Several routers, each with half the knowledge of who has read what, choose without it.
    knows = ground.platform.tier != "high-availability"
    return PlannedPrefill(model.prefill.replicas, model.prefill.min_tokens if knows else 0, sidecar)


def _obstacle(model: Model, launch: EngineLaunch, ground: Ground) -> tuple[str, str]:
    """(why not, what to do); ("", "") where nothing stands against it."""
    if not ground.runs(LLM_D):
        return "it is llm-d's way, which this platform does not run.", (
            "set components: {llm-d: {enabled: true}}"
        )
    if not any(layer.name == ROUTING for layer in ground.layers):
        return f"the profile {ground.platform.profile} has no router that would choose them.", (
            "set profile: llm-gateway"
        )
    if ground.runs("kserve"):
        return "KServe runs the engines, each of them whole.", (
            "set components: {kserve: {enabled: false}}"
        )
    if model.kind == "embedding":
        return "it answers with vectors: reading the prompt is all it does.", "keep it whole"
    if not launch.gpus:
        return "it runs on processors; KV caches are handed over between GPUs.", (
            f"name a gpu for {model.name}"
        )
    return "", ""
