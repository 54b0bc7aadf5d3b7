"""A platform behind a mirror -> the hosts that its cluster may reach, and no others."""

from llmplat.domain.hosts import host_of
from llmplat.plan.cluster.gitops import gitops_of
from llmplat.spec.platform import Platform


def hosts_of(platform: Platform) -> tuple[str, ...]:
    """The mirror's, that of the tree, and those that the file itself names; () without a mirror.

    Named are services outside that models name, where people sign in, and the platform's own names
    ("*.llm.example.com" stands for all below its domain).
    """
    place, mirror = platform.mirror_place, platform.mirror
    if place is None or mirror is None:
        return ()
    outside = [way.url for model in platform.models for way in (*model.external, *model.overflow)]
    sign_in = platform.identity_provider
    issuer = sign_in.issuer if sign_in is not None else None
    named = [gitops_of(platform).url, mirror.hub, mirror.packages, issuer, *outside]
    own = {platform.domain, f"*.{platform.domain}"} if platform.domain else set()
    hosts = {place.registry, *own, *(host_of(address) for address in named if address)}
    return tuple(sorted(hosts - {""}))
