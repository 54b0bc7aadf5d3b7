"""What the platform file switches: components by name, and those that its other keys cannot do without."""

from llmplat.spec.platform import Platform


def switches_of(platform: Platform) -> dict[str, bool]:
    """Component -> whether it runs, for those that do not go by their default."""
    named = {name: part.enabled for name, part in platform.components.items()}
    return {**_implied(platform), **named}


def _implied(platform: Platform) -> dict[str, bool]:
    if platform.substrate.local is not None:
        return {}
    found = {}
    if platform.profile == "full" and platform.identity_provider is not None:
        found["oauth2-proxy"] = True
        if platform.identity_provider.connector is not None:
            found["dex"] = True
    if platform.dns is not None and platform.dns.provider != "none":
        found["external-dns"] = True
    if platform.traces is not None:
        found["otel-collector"] = True
    return found
