"""What people touch: pages behind a door that asks who they are, and names that lead there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from llmplat.domain.errors import PlanError
from llmplat.plan.cluster.gateway import NAMESPACE as GATEWAY_NAMESPACE
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.secrets import PlannedSecret, make_secret
from llmplat.plan.console import NAME as CONSOLE
from llmplat.spec.platform import Platform

SIGN_IN = "sign-in"
"""Namespace of the doors, and of Dex."""
PROXY, DEX = "oauth2-proxy", "dex"
OPEN_WEBUI, TABBY, N8N = "open-webui", "tabby", "n8n"
AUTH_HOST = "auth"
DEX_PORT = 5556
DEX_SECRET = "dex-client-secret"  # noqa: S105 (the name of a secret)
"""What Dex knows our doors by; made by `secrets seed`."""


@dataclass(frozen=True)
class Place:
    """Where a page listens."""

    host: str
    """First label of its name in the domain."""
    port: int
    """Of its pods."""
    free_paths: tuple[str, ...] = ()
    """Patterns of paths that its own clients ask with a token of the app's own."""
    namespace: str | None = None
    """None for one that is called like the component."""
    role: str | None = None
    """What its pods are known by in a namespace that others share."""
    is_guarded: bool = False
    """It lets nobody in without a key of the gateway, so a name may lead to it without a door."""


PLACES = {
    OPEN_WEBUI: Place("chat", 8080),
    TABBY: Place("code", 8080, ("^/v1/", "^/v1beta/")),
    N8N: Place("flows", 5678),
}
"""Of apps, by component; the namespace and the Service are called like it."""
_CONSOLE_PLACE = Place(CONSOLE, 8000, namespace=GATEWAY_NAMESPACE, role=CONSOLE, is_guarded=True)


@dataclass(frozen=True)
class Page:
    """What people use in the browser."""

    name: str
    """Its component, its Service and its door."""
    place: Place

    @property
    def namespace(self) -> str:
        """Where its pods are."""
        return self.place.namespace or self.name

    @property
    def cookie_key(self) -> str:
        """Name of the secret that the cookies of its door are sealed with."""
        return f"{self.name}-cookie-key"


@dataclass(frozen=True)
class App(Page):
    """A page that calls models with a key of its own."""

    image: str | None
    """None for one that has a chart."""
    models: tuple[str, ...] = ()
    embedding_model: str | None = None

    @property
    def key(self) -> str:
        """Name of the secret with its key at the gateway."""
        return f"{self.name}-key"


@dataclass(frozen=True)
class Dex:
    """What translates another way of signing in to OpenID Connect."""

    image: str
    type: str
    config: dict[str, Any]
    secret: str
    """Name of the secret that it shows where people sign in."""


@dataclass(frozen=True)
class SignIn:
    """Who may come in, and who says who they are."""

    image: str
    issuer: str
    client_id: str
    secret: str
    """Name of the secret that the doors show the issuer."""
    email_domains: tuple[str, ...]
    dex: Dex | None
    replicas: int


@dataclass(frozen=True)
class Experience:
    """Everything people touch."""

    domain: str | None
    apps: tuple[App, ...]
    console: Page | None
    sign_in: SignIn | None
    """None: each app has accounts of its own and is reached inside the cluster only."""
    storage_class: str | None
    secrets: tuple[PlannedSecret, ...]

    @property
    def pages(self) -> tuple[Page, ...]:
        """Each stands behind a door of its own where people sign in."""
        return (*self.apps, *((self.console,) if self.console is not None else ()))

    @property
    def hosts(self) -> tuple[tuple[str, str], ...]:
        """First labels of the names that lead to a page, with the namespace of their routes."""
        if self.domain is None:
            return ()
        if self.sign_in is None:
            return tuple((p.place.host, p.namespace) for p in self.pages if p.place.is_guarded)
        hosts = [page.place.host for page in self.pages]
        hosts += [AUTH_HOST] if self.sign_in.dex is not None else []
        return tuple((host, SIGN_IN) for host in hosts)


def make_experience(ground: Ground) -> Experience | None:
    """None where the profile ends below; PlanError for an app that its models cannot serve."""
    apps = tuple(_app(ground, name) for name in PLACES if ground.runs(name))
    console = Page(CONSOLE, _CONSOLE_PLACE) if ground.runs(CONSOLE) else None
    if ground.gateway is None or not (apps or console):
        return None
    found = Experience(
        domain=ground.platform.domain,
        apps=apps,
        console=console,
        sign_in=_sign_in(ground),
        storage_class=ground.platform.substrate.storage_class,
        secrets=(),
    )
    return replace(found, secrets=tuple(_secrets(ground, found)))


def _app(ground: Ground, name: str) -> App:
    if name == OPEN_WEBUI:
        return App(name, PLACES[name], None)
    models = models_of(ground.platform, name)
    kinds = {model.name: model.kind for model in ground.models}
    chat = tuple(one for one in models if kinds.get(one) == "chat")
    embedding = next((one for one in models if kinds.get(one) == "embedding"), None)
    if name == TABBY and (embedding is None or not chat):
        raise PlanError(
            "Tabby needs a model that writes and one that answers with vectors.",
            why=f"its app may use {', '.join(models) or 'none'}; without a model for vectors it "
            "would fetch one from the internet.",
            fix=("give its app an embedding model and a chat model",),
        )
    return App(name, PLACES[name], ground.image(name), chat, embedding)


def models_of(platform: Platform, component: str) -> tuple[str, ...]:
    """Names of the models that the app behind `component` may use."""
    given = platform.components.get(component)
    tenant_name, _, app_name = (given.app if given and given.app else "").partition("/")
    named = (
        app.models or ()
        for tenant in platform.tenants
        for app in tenant.apps
        if (tenant.name, app.name) == (tenant_name, app_name)
    )
    wanted = next(iter(named), ())
    found = (m.name for m in platform.models if "*" in wanted or {m.name, *m.aliases} & set(wanted))
    return tuple(found)


def _sign_in(ground: Ground) -> SignIn | None:
    given, domain = ground.platform.identity_provider, ground.platform.domain
    if given is None or domain is None or not ground.runs(PROXY):
        return None
    dex = None
    if given.connector is not None:
        config = dict(given.connector.config)
        secret = str(given.client_secret)
        dex = Dex(ground.image(DEX), given.connector.type, config, secret)
    return SignIn(
        image=ground.image(PROXY),
        issuer=given.issuer or f"https://{AUTH_HOST}.{domain}",
        client_id=given.client_id if dex is None else "llmplat",
        secret=DEX_SECRET if dex is not None else str(given.client_secret),
        email_domains=given.email_domains,
        dex=dex,
        replicas=2 if ground.platform.tier == "high-availability" else 1,
    )


def _secrets(ground: Ground, experience: Experience) -> Iterator[PlannedSecret]:
    apps, sign_in = experience.apps, experience.sign_in
    for app in apps:
        yield make_secret(ground, app.key, app.name, app.name, "LLMPLAT_KEY")
    if any(app.name == OPEN_WEBUI for app in apps):
        yield make_secret(ground, "open-webui-session-key", OPEN_WEBUI, OPEN_WEBUI)
    if any(app.name == N8N for app in apps):
        yield make_secret(ground, "n8n-encryption-key", N8N, N8N, "N8N_ENCRYPTION_KEY")
    if sign_in is None:
        return
    for page in experience.pages:
        yield make_secret(ground, page.cookie_key, SIGN_IN, PROXY, "OAUTH2_PROXY_COOKIE_SECRET")
    yield make_secret(ground, sign_in.secret, SIGN_IN, PROXY, "OAUTH2_PROXY_CLIENT_SECRET")
    if sign_in.dex is not None:
        yield make_secret(ground, sign_in.dex.secret, SIGN_IN, DEX, "CLIENT_SECRET")
