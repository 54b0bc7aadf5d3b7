"""What people touch: names nobody keeps, sign-in that cannot be trusted, keys without a budget."""

from collections.abc import Iterator

from llmplat.domain.errors import Finding
from llmplat.spec.checks.places import conflict
from llmplat.spec.platform import Platform
from llmplat.spec.tree import Path, Tree

APPS = ("open-webui", "tabby", "n8n")
"""Components that call the gateway with a key of their own."""
ALWAYS = "open-webui"
"""The one that the profile full brings by itself."""
UNBUDGETED = "app-unbudgeted"
_SECRET_KEYS = {"clientSecret", "bindPW"}
_FROM_ENVIRONMENT = "$CLIENT_SECRET"
_ZONED = ("cloud-dns", "route53", "cloudflare")


def check_experience(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """Findings about domain, DNS, sign-in, traces and the apps' keys; a cluster's only."""
    if platform.substrate.local is not None:
        return
    yield from _dns(platform, tree)
    yield from _sign_in(platform, tree)
    yield from _held_secrets(platform, tree)
    yield from _traces(platform, tree)
    for name in APPS:
        yield from _app(name, platform, tree)


def _dns(platform: Platform, tree: Tree) -> Iterator[Finding]:
    dns = platform.dns
    if platform.domain is not None and dns is None:
        yield conflict(
            tree,
            f"nobody writes the DNS records of {platform.domain}",
            "a name that leads nowhere is no way in, and whose certificate nobody can prove",
            "dns: {provider: cloud-dns, zone: my-zone}, or dns: {provider: none} when you write them",
            ("domain",),
        )
    if dns is None:
        return
    if platform.domain is None:
        why = "there is no name to write"
        yield conflict(tree, "dns without a domain", why, "domain: llm.example.com", ("dns",))
    if dns.provider in _ZONED and dns.zone is None:
        yield conflict(
            tree,
            f"dns names no zone of {dns.provider}",
            "records are written in one zone and nowhere else",
            "dns: {provider: " + dns.provider + ", zone: my-zone}",
            ("dns", "zone"),
            ("dns", "provider"),
        )
    if dns.provider == "cloudflare" and dns.token_secret is None:
        yield conflict(
            tree,
            "dns has no right to write records at cloudflare",
            "it takes changes with a token only",
            "dns: {tokenSecret: cloudflare-token}",
            ("dns", "tokenSecret"),
            ("dns", "provider"),
        )


def _sign_in(platform: Platform, tree: Tree) -> Iterator[Finding]:
    given, path = platform.identity_provider, ("identityProvider",)
    if given is None:
        return
    if (given.issuer is None) == (given.connector is None):
        yield conflict(
            tree,
            "identityProvider names "
            + ("both issuer and connector" if given.issuer else "neither issuer nor connector"),
            "people sign in at one place",
            'identityProvider: {issuer: "https://id.example.com"}',
            path,
        )
    if given.issuer is not None and not given.issuer.startswith("https://"):
        yield conflict(
            tree,
            f"the issuer {given.issuer} is not https",
            "whoever is on the way could sign in as anybody",
            f"issuer: https://{given.issuer.removeprefix('http://')}",
            (*path, "issuer"),
        )
    if platform.domain is None:
        why = "after signing in people are sent back to a name of the platform"
        yield conflict(
            tree, "identityProvider needs a domain", why, "domain: llm.example.com", path
        )
    if not given.email_domains:
        yield conflict(
            tree,
            "identityProvider lets in everybody who has an account there",
            "emailDomains says whose addresses may come in",
            "emailDomains: [example.com]",
            (*path, "emailDomains"),
            path,
        )
    if given.client_secret is None:
        yield conflict(
            tree,
            "identityProvider has no client secret",
            "without it anybody could redeem a stolen code",
            "clientSecret: oidc-client-secret (the name of a secret)",
            (*path, "clientSecret"),
            path,
        )


def _held_secrets(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """Secrets written out where Dex would take them from the environment."""
    given = platform.identity_provider
    if given is None or given.connector is None:
        return
    for key in _SECRET_KEYS & given.connector.config.keys():
        if given.connector.config[key] != _FROM_ENVIRONMENT:
            yield conflict(
                tree,
                f"connector.config.{key} holds a secret",
                "this file is read by more people than a secret, and kept for good",
                f'{key}: "{_FROM_ENVIRONMENT}", with clientSecret: the name of the secret',
                ("identityProvider", "connector", "config", key),
                ("identityProvider", "clientSecret"),
            )


def _traces(platform: Platform, tree: Tree) -> Iterator[Finding]:
    if platform.traces is None:
        return
    langfuse = platform.components.get("langfuse")
    if platform.traces.url is None and not (langfuse and langfuse.enabled):
        yield conflict(
            tree,
            "traces go nowhere",
            "neither a url nor the component langfuse is given",
            'traces: {url: "https://otlp.example.com"}, or components: {langfuse: {enabled: true}}',
            ("traces",),
        )


def _app(name: str, platform: Platform, tree: Tree) -> Iterator[Finding]:
    given = platform.components.get(name)
    is_there = given.enabled if given is not None else name == ALWAYS
    if not is_there or platform.profile != "full":
        return
    named = given.app if given is not None else None
    if named is None and name == ALWAYS:
        return  # llmplat makes that app itself, with a budget and models
    path: Path = ("components", name, "app")
    if named is None or not all(_bounds_of(named, platform)):
        told = f"shows a key of {named}, which is not bounded" if named else "names no app"
        yield conflict(
            tree,
            f"the component {name} {told}",
            "an app has a budget and models of its own; this one could spend all that a tenant has",
            f"components: {{{name}: {{app: people/{name}}}}}, and in the tenant people the app "
            f"{{name: {name}, budget: {{usd: 50}}, models: [{platform.models[0].name}]}}",
            path,
            ("tenants",),
            code=UNBUDGETED,
        )


def _bounds_of(named: str, platform: Platform) -> tuple[object, object]:
    """Budget and models of the app `tenant/app`; None for what it lacks."""
    tenant_name, _, app_name = named.partition("/")
    for tenant in platform.tenants:
        for app in tenant.apps:
            if (tenant.name, app.name) == (tenant_name, app_name):
                return app.budget, app.models
    return None, None
