"""The ways into a platform, and what a cloud makes for them: gone before what stands behind them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from llmplat.apply.owned import Owned, annotation_of, has_owner
from llmplat.domain.cluster import Object, ObjectRef, ref_of

GOES_WITH = "llmplat.dev/goes-with"
"""The platform whose gateway a thing was made for: its owner may be gone before it, and with it the proof."""
_GATEWAY_API = "gateway.networking.k8s.io"
_ROUTES = (
    (f"{_GATEWAY_API}/v1", "HTTPRoute"),
    (f"{_GATEWAY_API}/v1", "GRPCRoute"),
    (f"{_GATEWAY_API}/v1", "TLSRoute"),
    ("networking.k8s.io/v1", "Ingress"),
)
_GATEWAYS = ((f"{_GATEWAY_API}/v1", "Gateway"),)
_NEGS = ("networking.gke.io/v1beta1", "ServiceNetworkEndpointGroup")


@dataclass(frozen=True)
class Ways:
    """What leads to the platform from outside, in the order in which it goes."""

    routes: tuple[ObjectRef, ...]
    gateways: tuple[ObjectRef, ...]
    balancers: tuple[ObjectRef, ...]
    """Services of type LoadBalancer that nothing else owns."""
    balanced: tuple[ObjectRef, ...]
    """Services of type LoadBalancer that go with their owner, or whose owner is gone already."""
    negs: tuple[ObjectRef, ...]


def find_ways(owned: Owned) -> Ways:
    """All of the platform's, as they are now."""
    services = list(_balancers(owned))
    return Ways(
        routes=tuple(_ours(owned, _ROUTES)),
        gateways=tuple(_ours(owned, _GATEWAYS)),
        balancers=tuple(ref_of(it) for it in services if not has_owner(it)),
        balanced=tuple(ref_of(it) for it in services if has_owner(it)),
        negs=tuple(_ours(owned, (_NEGS,))),
    )


def mark_going(owned: Owned, ways: Ways) -> None:
    """Have what goes with a gateway be known as such when that is gone; ClusterError."""
    for ref in (*ways.balanced, *ways.negs):
        if owned.cluster.get(ref) is not None:
            owned.cluster.patch(ref, {"metadata": {"annotations": {GOES_WITH: owned.platform}}})


def _balancers(owned: Owned) -> Iterator[Object]:
    for it in owned.cluster.list("v1", "Service"):
        is_balancer = (it.get("spec") or {}).get("type") == "LoadBalancer"
        if is_balancer and (owned.has(it) or _is_left(owned, it)):
            yield it


def _is_left(owned: Owned, thing: Object) -> bool:
    """Whether it is only waited for: an earlier run saw it go with what is gone."""
    return has_owner(thing) and annotation_of(thing, GOES_WITH) == owned.platform


def _ours(owned: Owned, kinds: Iterable[tuple[str, str]]) -> Iterator[ObjectRef]:
    for api_version, kind in kinds:
        for it in owned.cluster.list(api_version, kind):
            if owned.has(it) or _is_left(owned, it):
                yield ref_of(it)
