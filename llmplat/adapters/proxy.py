"""The environment's HTTPS_PROXY and NO_PROXY -> the proxy that a TLS connection goes through."""

import base64
import os
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from llmplat.adapters.loopback import is_loopback


@dataclass(frozen=True)
class Proxy:
    """Where to connect first, and what to say there."""

    host: str
    """With its port."""
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def find_proxy(host: str) -> Proxy | None:
    """The proxy for TLS to `host` (host:port); None to connect directly, as always on this machine."""
    if is_loopback(host) or not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    import urllib.request  # noqa: PLC0415 (slow, and rarely needed)

    proxies = urllib.request.getproxies_environment()
    named = proxies.get("https") or proxies.get("all")
    if not named or urllib.request.proxy_bypass(host):
        return None
    address = urlsplit(named if "://" in named else f"http://{named}")
    headers = {}
    if address.username:
        pair = f"{unquote(address.username)}:{unquote(address.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Proxy(f"{address.hostname}:{address.port or 80}", headers)
