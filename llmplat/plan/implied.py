"""What the platform file switches: components by name, and those that its other keys cannot do without."""

from llmplat.spec.platform import Platform

_BROUGHT = ("open-webui",)
"""What its layer brings anyway is not switched on by saying whose key it shows."""


def switches_of(platform: Platform) -> dict[str, bool]:
    """Component -> whether it runs, for those that do not go by their default."""
    return {**dict.fromkeys(implied(platform), True), **named(platform)}


def named(platform: Platform) -> dict[str, bool]:
    """Those that the file switches under components."""
    return {
        name: part.enabled
        for name, part in platform.components.items()
        if name not in _BROUGHT or "enabled" in part.model_fields_set
    }


def implied(platform: Platform) -> dict[str, str]:
    """Component -> the key of the file that switches it on without naming it."""
    if platform.substrate.local is not None:
        return {}
    found = {}
    if platform.profile == "full" and platform.identity_provider is not None:
        found["oauth2-proxy"] = "identityProvider"
        if platform.identity_provider.connector is not None:
            found["dex"] = "identityProvider"
    if platform.dns is not None and platform.dns.provider != "none":
        found["external-dns"] = "dns"
    if platform.traces is not None:
        found["otel-collector"] = "traces"
    return found
