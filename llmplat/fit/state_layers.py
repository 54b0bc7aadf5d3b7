"""The states of recurrent layers (Mamba, gated delta net, Kimi delta attention) from config.json."""

from llmplat.fit.architecture import State
from llmplat.fit.config_values import Values


def read_state(values: Values, default_dtype: str | None) -> State:
    """One recurrent layer's state; `default_dtype` is the family's, for the recurrent matrix.

    Shapes as vLLM lays them out (`MambaStateShapeCalculator` of vLLM 0.32).
    Raises InputError when a size is missing.
    """
    said = values.facts.get("mamba_ssm_dtype") or values.facts.get("mamba_ssm_cache_dtype")
    dtype = str(said) if said else default_dtype
    if values.get("linear_num_value_heads"):
        return _gated_delta_net(values, dtype)
    if values.part("linear_attn_config") or values.get("linear_num_heads"):
        return _kimi_delta(values)
    if values.get("mamba_dt_rank") and not values.get("mamba_n_heads"):
        return _mamba_1(values, dtype)
    return _mamba_2(values, dtype)


def _gated_delta_net(values: Values, dtype: str | None) -> State:
    """Convolution over keys, queries and values; one matrix value x key per value head."""
    k_heads, v_heads = values.need("linear_num_key_heads"), values.need("linear_num_value_heads")
    k_dim, v_dim = values.need("linear_key_head_dim"), values.need("linear_value_head_dim")
    taps = values.need("linear_conv_kernel_dim") - 1
    return State(2 * k_heads * k_dim + v_heads * v_dim, taps, v_heads, v_dim, k_dim, dtype)


def _kimi_delta(values: Values) -> State:
    """Convolution over queries, keys and values; an fp32 matrix per head."""
    part = values.part("linear_attn_config") or values
    heads = part.get("num_heads") or part.need("linear_num_heads")
    dim = part.get("head_dim") if part is not values else part.need("linear_head_dim")
    taps = (part.get("short_conv_kernel_size") or part.get("linear_conv_kernel_dim") or 4) - 1
    return State(3 * heads * (dim or 128), taps, heads, dim or 128, dim or 128, "float32")


def _mamba_1(values: Values, dtype: str | None) -> State:
    inner = (values.get("mamba_expand", 2) or 2) * values.need("hidden_size")
    return State(
        inner, values.need("mamba_d_conv") - 1, inner, 1, values.need("mamba_d_state"), dtype
    )


def _mamba_2(values: Values, dtype: str | None) -> State:
    """Convolution over the input and, per group, B and C; one matrix head x state per head."""
    heads = (
        values.get("mamba_n_heads") or values.get("mamba_num_heads") or values.need("n_mamba_heads")
    )
    dim = values.get("mamba_d_head") or values.get("mamba_head_dim") or values.need("mamba_headdim")
    inner = values.get("mamba_d_ssm") or heads * dim
    state = values.get("mamba_d_state") or values.need("ssm_state_size")
    groups = (
        values.get("mamba_n_groups") or values.get("mamba_ngroups") or values.get("n_groups") or 1
    )
    taps = (values.get("mamba_d_conv") or values.get("conv_kernel") or 4) - 1
    return State(inner, taps, heads, dim, state, dtype, groups=groups, group_channels=2 * state)
