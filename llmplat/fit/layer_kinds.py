"""Which of a model's layers attend to everything, to a window, or keep a state: from config.json's patterns."""

from collections.abc import Callable

from llmplat.fit.config_values import Values

FULL, SLIDING, CHUNKED, STATE, CROSS, FFN, BOTH = (
    "full", "sliding", "chunked", "state", "cross", "ffn", "both",
)  # fmt: skip
"""BOTH: attention and state in one layer; FFN: a layer without a mixer."""

_LAYER_TYPES = {
    "full_attention": FULL,
    "attention": FULL,
    "sliding_attention": SLIDING,
    "chunked_attention": CHUNKED,
    "linear_attention": STATE,
    "mamba": STATE,
    "hybrid": BOTH,
    "conv": STATE,
}
_OVERRIDE = {"M": STATE, "*": FULL, "-": FFN, "E": FFN}
"""Letters of `hybrid_override_pattern`."""
_BLOCK_LETTERS = {"mamba": "M", "linear_attention": "M", "moe": "E", "mlp": "-"}


def layer_kinds(values: Values, layers: int, default_window_pattern: int) -> tuple[str, ...]:
    """The kind of each layer, in order.

    `default_window_pattern` is what the family does when the file does not say: 0 every layer
    slides as soon as there is a window, n every n-th layer attends to everything.
    """
    for reader in _READERS:
        kinds = reader(values, layers)
        if kinds:
            return _without_windows(values, kinds[:layers])
    return _windows(values, layers, default_window_pattern)


def _without_windows(values: Values, kinds: tuple[str, ...]) -> tuple[str, ...]:
    has_window = bool(values.get("sliding_window") or values.get("sliding_window_size"))
    if not has_window or values.facts.get("use_sliding_window") is False:
        kinds = tuple(FULL if kind == SLIDING else kind for kind in kinds)
    if not values.get("attention_chunk_size"):
        kinds = tuple(FULL if kind == CHUNKED else kind for kind in kinds)
    return kinds


def _windows(values: Values, layers: int, pattern: int) -> tuple[str, ...]:
    """Models with one kind of window: all layers, or all but every n-th."""
    chunk = values.get("attention_chunk_size")
    window = values.get("sliding_window")
    if chunk and not window:
        every = values.get("no_rope_layer_interval", 4) or 4
        return _all_but_every(layers, every, CHUNKED)
    if not window or values.facts.get("use_sliding_window") is False:
        return (FULL,) * layers
    said = values.facts.get("sliding_window_pattern")
    if isinstance(said, str) and said:
        return tuple(SLIDING if said[i % len(said)] == "L" else FULL for i in range(layers))
    every = said if isinstance(said, int) else pattern
    return _all_but_every(layers, every, SLIDING) if every else (SLIDING,) * layers


def _all_but_every(layers: int, every: int, kind: str) -> tuple[str, ...]:
    return tuple(FULL if (i + 1) % every == 0 else kind for i in range(layers))


def _listed(values: Values, layers: int) -> tuple[str, ...]:
    names = values.texts("layer_types") or values.texts("layers_block_type")
    return tuple(_LAYER_TYPES.get(name, FULL) for name in names) if len(names) >= layers else ()


def letters_of(values: Values) -> str:
    """One letter per layer of a model whose layers are a mixer or a feed-forward, "" for others.

    Said as `hybrid_override_pattern`, or newer as a `layers_block_type` that names feed-forwards.
    """
    pattern = values.facts.get("hybrid_override_pattern")
    if isinstance(pattern, str):
        return pattern
    names = values.texts("layers_block_type")
    if not {"moe", "mlp"} & set(names):
        return ""
    return "".join(_BLOCK_LETTERS.get(name, "*") for name in names)


def _letters(values: Values, _layers: int) -> tuple[str, ...]:
    return tuple(_OVERRIDE.get(letter, FULL) for letter in letters_of(values))


def _marked(values: Values, _layers: int) -> tuple[str, ...]:
    """`hybrid_layer_pattern`: 0 attends to everything, 1 slides."""
    return tuple(SLIDING if mark else FULL for mark in values.numbers("hybrid_layer_pattern"))


def _numbered(values: Values, layers: int) -> tuple[str, ...]:
    """`linear_attn_config.full_attn_layers`, counted from 1."""
    linear = values.part("linear_attn_config")
    if linear is None:
        return ()
    full = set(linear.numbers("full_attn_layers"))
    return tuple(FULL if i + 1 in full else STATE for i in range(layers))


def _interval(values: Values, layers: int) -> tuple[str, ...]:
    every = values.get("full_attention_interval")
    if not every or not values.get("linear_num_value_heads"):
        return ()
    return _all_but_every(layers, every, STATE)


def _period(values: Values, layers: int) -> tuple[str, ...]:
    period = values.get("attn_layer_period")
    if not period:
        return ()
    offset = values.get("attn_layer_offset", 0)
    return tuple(FULL if i % period == offset else STATE for i in range(layers))


def _indexed(values: Values, layers: int) -> tuple[str, ...]:
    """Mamba models that list their attention layers; those that list none have state everywhere."""
    if not values.get("mamba_n_heads"):
        return ()
    if values.get("mamba_d_ssm"):
        return (BOTH,) * layers
    attention = set(values.numbers("attn_layer_indices"))
    return tuple(FULL if i in attention else STATE for i in range(layers))


def _cross(values: Values, layers: int) -> tuple[str, ...]:
    across = set(values.numbers("cross_attention_layers"))
    return tuple(CROSS if i in across else FULL for i in range(layers)) if across else ()


_READERS: tuple[Callable[[Values, int], tuple[str, ...]], ...] = (
    _letters, _listed, _marked, _numbered, _interval, _period, _indexed, _cross,
)  # fmt: skip
"""Tried in this order; the first that finds its key decides."""
