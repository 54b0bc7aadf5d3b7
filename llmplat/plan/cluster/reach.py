"""A platform behind a mirror -> the hosts that its cluster may reach, and no others."""

from llmplat.domain.hosts import host_of
from llmplat.plan.cluster.gitops import gitops_of
from llmplat.spec.platform import Platform


def hosts_of(platform: Platform) -> tuple[str, ...]:
    """The mirror's, that of the tree, and those of services outside that models name; () without one."""
    place, mirror = platform.mirror_place, platform.mirror
    if place is None or mirror is None:
        return ()
    outside = [way.url for model in platform.models for way in (*model.external, *model.overflow)]
    named = [gitops_of(platform).url, mirror.hub, mirror.packages, *outside]
    hosts = {place.registry, *(host_of(address) for address in named if address)}
    return tuple(sorted(hosts - {""}))
