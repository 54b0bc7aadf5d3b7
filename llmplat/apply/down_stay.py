"""What `down` leaves in a cluster -> each thing by name, why it stays, and what it goes on costing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from llmplat.apply.argocd_install import is_ours
from llmplat.apply.down_scope import Scope, Volume
from llmplat.plan.cluster.applications import ARGO_CD

UNKNOWN = "unknown: the price of this storage is not in the catalogue"
NOTHING = "nothing"
SHARED = "nothing of its own: pods on nodes that are there anyway"


@dataclass(frozen=True)
class Stay:
    """One thing that stays."""

    what: str
    why: str
    cost: str
    """In words; "unknown" is said where it is."""
    usd_per_month: float | None = None
    """None where nothing is known of it."""
    remove_with: str = ""
    """The command that removes it, "" where llmplat has none."""


CostOf = Callable[[Volume], tuple[float | None, str]]
"""What a volume costs a month in USD, and how that is known."""


def unknown_cost(_: Volume) -> tuple[float | None, str]:
    """For a cluster whose owner buys the storage."""
    return None, UNKNOWN


def stays_of(
    scope: Scope, *, is_purge: bool, has_cloud: bool, cost_of: CostOf = unknown_cost
) -> tuple[Stay, ...]:
    """Everything of `scope` that is left behind.

    `has_cloud`: the cluster itself goes afterwards, and only what the cloud keeps is left.
    """
    left = (one for one in scope.volumes if not one.is_wanted_gone)
    volumes = (_volume(one, cost_of, has_cloud=has_cloud) for one in left)
    if has_cloud:
        return tuple(volumes)
    inside = (
        *_secrets(scope, is_purge=is_purge),
        *_argo_cd(scope),
        *_adopted(scope),
        *_crds(scope),
    )
    return (*volumes, *_namespaces(scope), *inside)


def _volume(volume: Volume, cost_of: CostOf, *, has_cloud: bool) -> Stay:
    usd, told = cost_of(volume)
    name = f"{volume.ref.namespace}/{volume.ref.name}"
    words = f"data of {volume.size or 'unknown size'}, removed only when asked for by name"
    if has_cloud:
        words += "; its disk outlives the cluster"
    return Stay(f"volume {name}", words, told, usd, f"llmplat down --delete-volume {name}")


def _namespaces(scope: Scope) -> Iterator[Stay]:
    for one in scope.kept:
        command = f"kubectl delete namespace {one.name}    # with all that is in it"
        yield Stay(f"namespace {one.name}", one.reason, NOTHING, 0.0, command)


def _secrets(scope: Scope, *, is_purge: bool) -> Iterator[Stay]:
    if scope.secrets and not is_purge:
        count = f"{len(scope.secrets)} secret values" if scope.secrets[1:] else "1 secret value"
        words = "counters and spend cannot be read without them again"
        yield Stay(count, words, NOTHING, 0.0, "llmplat down --purge")


def _argo_cd(scope: Scope) -> Iterator[Stay]:
    if scope.argo_cd is None and is_ours(scope.inventory):
        words = "its installation did not come to its end, so it does not keep itself yet"
        yield Stay(f"Argo CD in {ARGO_CD}", words, SHARED, 0.0, "llmplat up, then llmplat down")
    elif scope.argo_cd is None:
        yield Stay(f"Argo CD in {ARGO_CD}", "llmplat did not install it", SHARED, 0.0)
    elif scope.others:
        words = f"{len(scope.others)} Applications of others use it: {_some(scope.others)}"
        yield Stay(f"Argo CD in {ARGO_CD}", words, SHARED, 0.0)


def _adopted(scope: Scope) -> Iterator[Stay]:
    for name in scope.inventory.adopted if scope.inventory else ():
        if name != "argocd":
            yield Stay(name, "it was there before llmplat", NOTHING, 0.0)


def _crds(scope: Scope) -> Iterator[Stay]:
    """By group: a definition takes every object of its kind with it, whoever made it."""
    groups: dict[str, int] = {}
    for name in scope.crds:
        group = name.partition(".")[2]
        groups[group] = groups.get(group, 0) + 1
    for group, count in sorted(groups.items()):
        what = f"{count} kinds of {group}" if count > 1 else f"1 kind of {group}"
        words = "a CustomResourceDefinition takes every object of its kind with it"
        command = f"kubectl delete crd $(kubectl get crd -o name | grep '[.]{group}$')"
        yield Stay(what, words, NOTHING, 0.0, command)


def _some(names: Iterable[str]) -> str:
    first = sorted(names)
    return ", ".join(first[:3]) + (f" and {len(first) - 3} more" if len(first) > 3 else "")
