"""What was applied last and what the program declares now -> what would be made, changed, replaced, removed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmplat.domain.errors import SpecError
from llmplat.domain.provision import CLUSTER_KIND, POOL_KIND, Act, Change
from llmplat.plan.gke.resources import Resource


@dataclass(frozen=True)
class Applied:
    """What the last `up` declared, as this machine remembers it."""

    project: str
    resources: tuple[Resource, ...]


_FORCES: Mapping[str, tuple[str, ...]] = {
    # pulumi-gcp 10.2.0 documents these as "changing this forces a new resource".
    POOL_KIND: (
        "name",
        "location",
        "initialNodeCount",
        "maxPodsPerNode",
        "placementPolicy",
        "nodeConfig.machineType",
        "nodeConfig.spot",
        "nodeConfig.flexStart",
        "nodeConfig.guestAccelerators",
        "nodeConfig.serviceAccount",
        "nodeConfig.oauthScopes",
        "nodeConfig.reservationAffinity",
        "nodeConfig.ephemeralStorageLocalSsdConfig",
        "nodeConfig.localNvmeSsdBlockConfig",
        "nodeConfig.shieldedInstanceConfig",
    ),
    CLUSTER_KIND: (
        "name",
        "location",
        "network",
        "subnetwork",
        "networkingMode",
        "datapathProvider",
        "ipAllocationPolicy",
        "privateClusterConfig.masterIpv4CidrBlock",
    ),
    "gcp:compute/subnetwork:Subnetwork": ("name", "region", "network", "purpose"),
    "gcp:compute/address:Address": (
        "name",
        "region",
        "address",
        "addressType",
        "purpose",
        "subnetwork",
    ),
    "gcp:compute/network:Network": ("name", "autoCreateSubnetworks"),
    "gcp:secretmanager/secret:Secret": ("secretId", "replication"),
}


def check_project(applied: Applied | None, project: str, platform: str) -> None:
    """SpecError when the platform was applied to another project: nothing moves between projects."""
    if applied is not None and applied.project != project:
        raise SpecError(
            f"The platform {platform} belongs to the project {applied.project}.",
            why=f"the file now says {project}; a cluster cannot move, and a second one would stay unseen.",
            fix=(f"project: {applied.project}", "or another name for the new platform"),
        )


def changes_since(
    applied: Applied | None, resources: Sequence[Resource]
) -> tuple[Change, ...] | None:
    """Replacements first, then removals, changes and new ones; None where nothing is remembered."""
    if applied is None:
        return None
    before = {(one.type, one.name): one for one in applied.resources}
    after = {(one.type, one.name): one for one in resources}
    found = [_change(Act.CREATE, key) for key in after if key not in before]
    found += [_change(Act.DELETE, key) for key in before if key not in after]
    for key, now in after.items():
        if key in before:
            found += _differences(before[key], now)
    order = (Act.REPLACE, Act.DELETE, Act.UPDATE, Act.CREATE)
    return tuple(sorted(found, key=lambda one: (order.index(one.act), one.kind, one.name)))


def replaced_pools(changes: Sequence[Change], platform: str) -> tuple[str, ...]:
    """Names of pools, as in the file, whose machines with all that runs there would be made anew."""
    return tuple(
        pool_of(one, platform)
        for one in changes
        if one.act is Act.REPLACE and one.kind == POOL_KIND
    )


def pool_of(change: Change, platform: str) -> str:
    """A pool's name in the file: Pulumi's names carry the platform's in front, as they must differ."""
    return change.name.removeprefix(f"{platform}-")


def _differences(before: Resource, after: Resource) -> list[Change]:
    old, new = _flat(before.inputs), _flat(after.inputs)
    keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    keys = [key for key in keys if not _is_under(key, after.ignore_changes)]
    if not keys:
        return []
    forcing = [key for key in keys if _is_under(key, _FORCES.get(after.type, ()))]
    act = Act.REPLACE if forcing else Act.UPDATE
    return [_change(act, (after.type, after.name), forcing or keys)]


def _change(act: Act, key: tuple[str, str], differs: Sequence[str] = ()) -> Change:
    """`differs`: inputs that are not as they were; of a replacement those that force it."""
    kind, name = key
    return Change(name, kind, act, tuple(differs))


def _is_under(key: str, paths: Sequence[str]) -> bool:
    return any(key == path or key.startswith((f"{path}.", f"{path}[")) for path in paths)


def _flat(value: object, path: str = "") -> dict[str, Any]:
    """Leaves of nested inputs by their path: nodeConfig.guestAccelerators[0].type."""
    if isinstance(value, Mapping):
        parts = [(f"{path}.{key}".lstrip("."), item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        parts = [(f"{path}[{at}]", item) for at, item in enumerate(value)]
    else:
        return {path: value}
    return {key: leaf for part, item in parts for key, leaf in _flat(item, part).items()}
