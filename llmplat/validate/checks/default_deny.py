"""A namespace starts closed.

Without a policy that selects every pod and allows nothing, each pod that no other policy names is
open to the whole cluster: engines are reached past the gateway and its budgets.
"""

from collections.abc import Iterator

from llmplat.validate.objects import Object, Objects, list_or_empty
from llmplat.validate.smell import Smell

_POLICY = "networking.k8s.io/NetworkPolicy"
_OWNER = "llmplat.dev/owner"
_SYSTEM = ("kube-system", "kube-public", "kube-node-lease", "default")


def find(objects: Objects) -> Iterator[Smell]:
    """Namespaces of the tree without a default-deny; tenants' must deny what leaves, too."""
    closed: dict[str, set[str]] = {}
    opened: dict[str, set[str]] = {}
    for policy in objects.of(_POLICY):
        if policy.spec.get("podSelector") in ({}, None):
            closed.setdefault(policy.namespace, set()).update(_directions(policy))
            opened.setdefault(policy.namespace, set()).update(_opened(policy))
    with_pods = {pod.owner.namespace for pod in objects.pods}
    for one in objects.of("Namespace"):
        if one.name in _SYSTEM:
            continue
        both = (
            {"Ingress", "Egress"} if _OWNER in one.labels or one.name in with_pods else {"Ingress"}
        )
        missing = sorted(both - closed.get(one.name, set()) | both & opened.get(one.name, set()))
        if missing:
            what = f"nothing denies {' and '.join(missing)} by default"
            fix = (
                f"NetworkPolicy with podSelector: {{}} and policyTypes: [{', '.join(sorted(both))}]"
            )
            yield Smell(one, ("metadata", "name"), what, fix)


def _directions(policy: Object) -> set[str]:
    """Directions in which the policy isolates its pods: what nobody allows is denied."""
    types = list_or_empty(policy.spec.get("policyTypes")) or ["Ingress"]
    return {kind for kind in ("Ingress", "Egress") if kind in types}


def _opened(policy: Object) -> set[str]:
    """Directions that the policy opens to everybody: an empty rule outweighs every other policy."""
    rules = {"Ingress": policy.spec.get("ingress"), "Egress": policy.spec.get("egress")}
    return {kind for kind, listed in rules.items() if {} in list_or_empty(listed)}
