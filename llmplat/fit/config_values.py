"""Reads numbers out of a config.json under the several names that models give them."""

from collections.abc import Mapping
from typing import Any

from llmplat.domain.errors import InputError

ALIASES: dict[str, tuple[str, ...]] = {
    "hidden_size": ("hidden_size", "n_embd", "d_model", "dim"),
    "num_hidden_layers": ("num_hidden_layers", "n_layer", "num_layers", "n_layers"),
    "num_attention_heads": ("num_attention_heads", "n_head", "num_heads", "n_heads"),
    "num_key_value_heads": ("num_key_value_heads", "multi_query_group_num", "num_kv_heads", "n_kv_heads"),
    "head_dim": ("head_dim", "attention_head_dim", "kv_channels"),
    "intermediate_size": ("intermediate_size", "ffn_hidden_size", "ffn_dim", "n_inner"),
    "vocab_size": ("padded_vocab_size", "vocab_size"),
    "max_position_embeddings": (
        "max_position_embeddings", "n_positions", "seq_length", "model_max_length", "max_seq_len",
    ),
    "experts": ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"),
    "top_k": (
        "num_experts_per_tok", "num_experts_per_token", "top_k_experts", "experts_per_token", "moe_topk", "moe_top_k",
    ),
}  # fmt: skip
"""Our name (Hugging Face's most common one) -> the spellings seen in config.json files."""

LARGEST = 2**40
"""No count of a model is larger; a larger one is a slip."""


class Values:
    """The numbers of one part of a configuration."""

    def __init__(self, facts: Any, where: str = "config.json") -> None:  # noqa: ANN401 (whatever the JSON holds)
        self.facts: Mapping[str, Any] = facts if isinstance(facts, Mapping) else {}
        self._where = where

    def get(self, name: str, default: int | None = None) -> int | None:
        """The whole number called `name` (or an alias), `default` when absent or null.

        Raises InputError when it is there and is not a positive whole number.
        """
        for spelling in ALIASES.get(name, (name,)):
            value = self.facts.get(spelling)
            if value is not None:
                return self._checked(spelling, value)
        return default

    def need(self, name: str) -> int:
        """The whole number called `name`; InputError when absent, absurd or zero."""
        value = self.get(name)
        if not value:
            raise InputError(
                f"The model's {self._where} does not say {name}.",
                why=f"looked for {', '.join(ALIASES.get(name, (name,)))}; a positive whole number is needed.",
                fix=("check the file against the model's page", "llmplat list families"),
            )
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """The truth value called `name`."""
        value = self.facts.get(name)
        return default if value is None else bool(value)

    def numbers(self, name: str) -> tuple[int, ...]:
        """The list of whole numbers called `name`, empty when absent; InputError for other things in it."""
        value = self.facts.get(name)
        return tuple(self._checked(name, v) for v in value) if isinstance(value, list) else ()

    def of_layer(self, name: str, index: int) -> int:
        """The number of layer `index`, 0 first, in the list called `name`; InputError without one."""
        found = self.numbers(name)
        if index >= len(found):
            raise InputError(
                f"The model's {self._where} has too few {name}.",
                why=f"it has {len(found)}, and none for layer {index}, counted from 0",
                fix=("check the file against the model's page",),
            )
        return found[index]

    def ratio(self, name: str) -> float:
        """The number called `name`, 0 when absent; InputError for what is none."""
        value = self.facts.get(name)
        if value is None:
            return 0.0
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not 0 <= value <= LARGEST
        ):
            raise self._absurd(name, value, "a number")
        return float(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """The list of texts called `name`, empty when absent."""
        value = self.facts.get(name)
        return tuple(str(v) for v in value) if isinstance(value, list) else ()

    def part(self, name: str) -> "Values | None":
        """The mapping called `name`, None when absent."""
        value = self.facts.get(name)
        return Values(value, f"{self._where} ({name})") if isinstance(value, Mapping) else None

    def _checked(self, name: str, value: Any) -> int:  # noqa: ANN401 (whatever the JSON holds)
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not is_whole or not 0 <= value <= LARGEST:
            raise self._absurd(name, value, "a whole number")
        return int(value)

    def _absurd(self, name: str, value: object, wanted: str) -> InputError:
        return InputError(
            f"The model's {self._where} has an absurd {name}.",
            why=f"it says {str(value)[:80]!r}; {wanted} from 0 to {LARGEST} is needed.",
            fix=("check the file against the model's page",),
        )
