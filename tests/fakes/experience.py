"""The two-teams example with everything people touch switched on, for tests."""

from typing import Any

EMBEDDER = {
    "name": "embed",
    "kind": "embedding",
    "backend": {"url": "https://e.example.com/v1", "model": "e", "keySecret": "embed-key"},
    "context": 512,
    "price": {"inputUsdPerMillionTokens": 1, "outputUsdPerMillionTokens": 0},
}


def with_sign_in(document: dict[str, Any]) -> None:
    """Names, an identity provider and three apps, each with a bounded key."""
    document["domain"] = "llm.example.com"
    document["dns"] = {"provider": "none"}
    document["identityProvider"] = {
        "issuer": "https://id.example.com",
        "clientSecret": "oidc-client-secret",
        "emailDomains": ["example.com"],
    }
    document["models"].append(dict(EMBEDDER))
    bounds = {"budget": {"usd": 5}, "models": ["assistant", "embed"]}
    names = ("chat", "editor", "flows")
    document["tenants"].append(
        {"name": "people", "apps": [{"name": name, **bounds} for name in names]}
    )
    document["components"] = {
        "open-webui": {"app": "people/chat"},
        "tabby": {"enabled": True, "app": "people/editor"},
        "n8n": {"enabled": True, "app": "people/flows"},
    }


def with_dex(document: dict[str, Any]) -> None:
    """As with_sign_in, by GitHub behind Dex."""
    with_sign_in(document)
    document["identityProvider"] = {
        "connector": {"type": "github", "config": {"clientID": "x"}},
        "clientSecret": "github-client-secret",
        "emailDomains": ["example.com"],
    }


def with_googles_proxies(document: dict[str, Any]) -> None:
    """As with_dex, and the console, behind a load balancer of Google's; of an example on GKE."""
    with_dex(document)
    document["components"]["console"] = {"enabled": True}
    with_googles_gateway(document)


def with_googles_gateway(document: dict[str, Any]) -> None:
    """Google's load balancer in front of models; of an example on GKE."""
    document.setdefault("gateway", {})["dataPlane"] = "gke-gateway"


def with_traces(document: dict[str, Any]) -> None:
    """As with_sign_in, and spans of requests."""
    with_sign_in(document)
    document["traces"] = {"url": "https://otlp.example.com", "keySecret": "otlp", "share": 0.5}


def with_everything(document: dict[str, Any]) -> None:
    """As with_dex, the console, spans in Langfuse and a record of requests."""
    with_dex(document)
    document["traces"] = {"share": 0.5}
    stores = {
        "clickhouse": {"host": "clickhouse.example.com"},
        "s3": {"endpoint": "https://s3.example.com", "bucket": "spans"},
    }
    document["components"] |= {
        "langfuse": {"enabled": True, "values": stores},
        "usage-ledger": {"enabled": True},
        "console": {"enabled": True},
    }
