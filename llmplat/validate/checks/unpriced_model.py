"""Every model has a price.

Budgets are counted in money. A model without a price costs nothing, so its users never reach their
budget; LiteLLM gives self-hosted models no price of its own.
"""

from collections.abc import Iterator
from typing import Any

from llmplat.validate.objects import Objects, dict_or_empty, get
from llmplat.validate.policy import entries_of, has_policy, litellm_configs, models_of, policies
from llmplat.validate.smell import Smell

_PER_TOKEN = ("input_nanousd_per_token", "output_nanousd_per_token")
_LITELLM = ("input_cost_per_token", "output_cost_per_token", "input_cost_per_second")


def find(objects: Objects) -> Iterator[Smell]:
    """Models that nobody is charged for, in our policy or, without one, in LiteLLM's file."""
    for policy in policies(objects):
        for name, model in models_of(policy):
            if not _is_priced(dict_or_empty(model.get("price")), _PER_TOKEN):
                what = f"the model {name} has no price"
                fix = "price: {inputUsdPerMillionTokens: ..., outputUsdPerMillionTokens: ...}"
                yield Smell(policy.owner, policy.at("models", name), what, fix)
    for config, settings, path in litellm_configs(objects):
        if has_policy(objects, config.owner.namespace):
            continue
        for index, entry in entries_of(settings):
            own = bool(get(entry, "litellm_params", "api_base"))
            prices = {
                **dict_or_empty(entry.get("litellm_params")),
                **dict_or_empty(entry.get("model_info")),
            }
            if own and not _is_priced(prices, _LITELLM):
                what = f"the model {entry.get('model_name')} has no price"
                where = config.at(*path, "model_list", index)
                yield Smell(config.owner, where, what, "model_info: {input_cost_per_token: ...}")


def _is_priced(prices: dict[str, Any], keys: tuple[str, ...]) -> bool:
    found = [prices.get(key) for key in keys]
    return any(isinstance(price, (int, float)) and price > 0 for price in found)
