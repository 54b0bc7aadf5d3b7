"""Every key has a budget.

A key without one spends until somebody looks at the bill; the same holds for a key that belongs to
nobody the policy knows.
"""

from collections.abc import Iterator

from llmplat.validate.objects import Config, Objects, dict_or_empty, get, list_or_empty
from llmplat.validate.policy import policies
from llmplat.validate.smell import Smell


def find(objects: Objects) -> Iterator[Smell]:
    """Tenants and apps without a budget, keys of nobody."""
    known: set[tuple[str, str]] = set()
    has_policy = False
    for policy in policies(objects):
        has_policy = True
        for tenant, facts in dict_or_empty(policy.value.get("tenants")).items():
            apps = dict_or_empty(dict_or_empty(facts).get("apps"))
            known.update((tenant, app) for app in apps)
            yield from _judge(policy, f"the tenant {tenant}", facts)
            for app, settings in apps.items():
                yield from _judge(policy, f"the app {tenant}/{app}", settings)
    for config in objects.configs if has_policy else ():
        for key in list_or_empty(config.value.get("keys")):
            pair = (str(get(key, "tenant")), str(get(key, "app")))
            if isinstance(key, dict) and "sha256" in key and pair not in known:
                what = (
                    f"the key {key.get('id')} belongs to {pair[0]}/{pair[1]}, which has no budget"
                )
                yield Smell(config.owner, config.at("keys"), what, "declare the tenant and the app")


def _judge(policy: Config, whose: str, facts: object) -> Iterator[Smell]:
    budget = get(facts, "budget", "nanousd")
    if not isinstance(budget, int) or budget <= 0:
        what = f"{whose} has no budget"
        yield Smell(policy.owner, policy.at("tenants"), what, "budget: {usd: 100, period: month}")
