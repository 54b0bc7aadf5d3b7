"""The feed-forward of a layer: dense, or experts with what they share."""

from llmplat.fit.architecture import FeedForward
from llmplat.fit.config_values import Values
from llmplat.fit.family import Family


def feed_forward_of_letter(values: Values, family: Family, letter: str) -> FeedForward | None:
    """That of a layer named by one letter (`hybrid_override_pattern`): - dense, E experts."""
    if letter == "-":
        return FeedForward(values.need("intermediate_size"), is_gated=family.is_gated)
    if letter == "E":
        return _experts(values, family)
    return None


def read_feed_forward(values: Values, family: Family, index: int) -> FeedForward | None:
    """That of the layer at `index`, 0 first."""
    if values.get("experts") and _has_experts(values, index):
        experts = _experts(values, family)
        if values.flag("enable_moe_block"):
            return FeedForward(
                values.need("intermediate_size"), experts.experts, experts.top_k, experts.expert_width,
                are_beside=True,
            )  # fmt: skip
        return experts
    width = values.get("dense_intermediate_size") or values.get("intermediate_size_mlp")
    width = width or values.get("intermediate_size") or 4 * values.need("hidden_size")
    return FeedForward(width, is_gated=family.is_gated)


def _has_experts(values: Values, index: int) -> bool:
    marks = values.facts.get("moe_layer_freq")
    if isinstance(marks, list):
        return index < len(marks) and bool(marks[index])
    if index < (values.get("first_k_dense_replace", 0) or 0):
        return False
    if index in values.numbers("mlp_only_layers"):
        return False
    period = values.get("expert_layer_period")
    if period:
        return index % period == (values.get("expert_layer_offset", 0) or 0)
    step = values.get("interleave_moe_layer_step") or values.get("decoder_sparse_step") or 1
    return (index + 1) % step == 0


def _experts(values: Values, family: Family) -> FeedForward:
    width = values.get("moe_intermediate_size") or values.need("intermediate_size")
    matrices = 3 if family.is_gated else 2
    return FeedForward(
        width=_shared_width(values, width) or (width if family.has_shared_expert else 0),
        experts=values.need("experts"),
        top_k=values.get("top_k", 1) or 1,
        expert_width=width,
        expert_input=values.get("moe_latent_size") or values.get("routed_expert_hidden_size") or 0,
        is_gated=family.is_gated,
        expert_matrices=matrices,
    )


def _shared_width(values: Values, expert_width: int) -> int:
    for name in (
        "shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", "shared_intermediate_size",
    ):  # fmt: skip
        said = values.get(name)
        if said is not None:
            return said * (values.get("n_shared_experts", 1) or 1) if "moe_shared" in name else said
    shared = values.get("n_shared_experts") or values.get("num_shared_experts") or 0
    return shared * expert_width
