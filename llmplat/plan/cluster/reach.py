"""A platform behind a mirror -> the hosts that its cluster may reach, and no others."""

from llmplat.domain.hosts import host_of
from llmplat.plan.cluster.alerting import addresses_of
from llmplat.plan.cluster.gitops import gitops_of
from llmplat.spec.platform import Platform


def hosts_of(platform: Platform) -> tuple[str, ...]:
    """The mirror's, the tree's, the platform's own, and those of services that the file names.

    Empty without a mirror.
    """
    place, mirror = platform.mirror_place, platform.mirror
    if place is None or mirror is None:
        return ()
    outside = [way.url for model in platform.models for way in (*model.external, *model.overflow)]
    issuer = platform.identity_provider.issuer if platform.identity_provider is not None else None
    spans = platform.traces.url if platform.traces is not None else None
    alerts = addresses_of(platform.alert_receiver)
    places = [gitops_of(platform).url, mirror.hub, mirror.packages, issuer, spans]
    named = [*places, *outside, *alerts]
    hosts = {place.registry, *(host_of(address) for address in named if address)}
    own = {platform.domain, f"*.{platform.domain}"} if platform.domain else set()
    return tuple(sorted((hosts | own) - {""}))
