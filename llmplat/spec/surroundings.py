"""What surrounds the platform: delivery, mirrors, names, sign-in, alerts, backup, components."""

from typing import Annotated, Any, Literal

from pydantic import Field

from llmplat.spec.scalars import (
    AppRef,
    DnsName,
    EmailAddress,
    HostPort,
    HttpUrl,
    Matches,
    SecretName,
    Word,
)
from llmplat.spec.shape import Shape


class GitSource(Shape):
    """A git repository the cluster follows."""

    url: Annotated[Word, Field(description="Address of the repository.")]
    revision: Annotated[Word, Field(description="Branch, tag or commit.")] = "main"
    path: Annotated[Word, Field(description="Folder in the repository.")] = "."
    key_secret: Annotated[
        SecretName | None, Field(description="Name of the secret to read the repository with.")
    ] = None


class OciSource(Shape):
    """An OCI artifact the cluster follows."""

    repository: Annotated[Word, Field(description="Registry and repository of the artifact.")]
    key_secret: Annotated[
        SecretName | None, Field(description="Name of the secret to read the registry with.")
    ] = None


class Gitops(Shape):
    """Where the cluster reads its manifests: exactly one of git and oci."""

    git: Annotated[GitSource | None, Field(description="A git repository.")] = None
    oci: Annotated[OciSource | None, Field(description="An OCI artifact.")] = None


_PLACE = (
    r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?"
    r"(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$"
)
_IMAGE = r"^[a-z0-9.-]+(:[0-9]{1,5})?(/[a-z0-9._-]+)+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$"


class Mirror(Shape):
    """Where everything is fetched from in place of public registries, hubs and package indexes."""

    registry: Annotated[
        Annotated[str, Matches(_PLACE, "host:port/path of a registry, in lower case", 200)] | None,
        Field(
            description="Registry, and the path in it below which images and charts of other "
            "registries lie by their host and name: registry.example.com/mirror."
        ),
    ] = None
    folder: Annotated[
        Annotated[str, Matches(r"^/\S.*$", "an absolute path such as /srv/mirror", 300)] | None,
        Field(
            description="In place of packages and hub, on this machine: a folder that `llmplat "
            "mirror copy` filled."
        ),
    ] = None
    packages: Annotated[
        HttpUrl | None,
        Field(description="Package index for Python: https://host/simple."),
    ] = None
    hub: Annotated[
        HttpUrl | None,
        Field(description="Model hub that hf:// sources are read from, by Hugging Face's API."),
    ] = None
    images: Annotated[
        tuple[Annotated[str, Matches(_IMAGE, "registry/repository:tag", 300)], ...],
        Field(
            description="Further images to be in the mirror, under their own names: those that "
            "only your own values run."
        ),
    ] = ()
    key_secret: Annotated[
        SecretName | None, Field(description="Name of the secret for the registry.")
    ] = None


class Dns(Shape):
    """Who keeps the DNS records; with a provider certificates come from a public authority."""

    provider: Annotated[
        Literal["cloud-dns", "route53", "cloudflare", "none"],
        Field(description="Service that keeps the zone; none: you write the records yourself."),
    ]
    zone: Annotated[
        Word | None,
        Field(description="The zone's name there; needed for every provider but none."),
    ] = None
    token_secret: Annotated[
        SecretName | None,
        Field(description="Name of the secret with the provider's token; cloudflare only."),
    ] = None


class Connector(Shape):
    """Where people sign in when that speaks no OpenID Connect: Dex translates."""

    type: Annotated[
        Literal["github", "gitlab", "ldap", "bitbucket-cloud"],
        Field(description="Kind of Dex connector."),
    ]
    config: Annotated[
        dict[str, Any],
        Field(description="Its settings as Dex spells them; $CLIENT_SECRET is the client secret."),
    ] = Field(default_factory=dict)


class IdentityProvider(Shape):
    """Where people sign in: exactly one of issuer (OpenID Connect) and connector (by Dex)."""

    issuer: Annotated[HttpUrl | None, Field(description="Address of the issuer; https only.")] = (
        None
    )
    connector: Annotated[
        Connector | None, Field(description="What Dex asks where there is no issuer.")
    ] = None
    client_id: Annotated[
        Word, Field(description="Client id of this platform there; with Dex its own clients' name.")
    ] = "llmplat"
    client_secret: Annotated[
        SecretName | None, Field(description="Name of the secret with the client secret.")
    ] = None
    email_domains: Annotated[
        tuple[DnsName, ...],
        Field(description="Whose addresses may come in; each address must be verified there."),
    ] = ()


class Traces(Shape):
    """Spans of requests, without their text."""

    share: Annotated[
        float, Field(gt=0, le=1, description="Part of the requests that is traced.")
    ] = 0.1
    url: Annotated[
        HttpUrl | None,
        Field(
            description="Where spans are sent over OTLP/HTTP; without it to the component langfuse."
        ),
    ] = None
    key_secret: Annotated[
        SecretName | None,
        Field(description="Name of the secret that is sent there as the Authorization header."),
    ] = None


class Smtp(Shape):
    """The mail server that takes alerts, over TLS only."""

    server: Annotated[
        HostPort,
        Field(description="host:port; 465 begins with TLS, any other port must offer STARTTLS."),
    ]
    sender: Annotated[EmailAddress, Field(description="Address that alerts come from.")]
    username: Annotated[
        Word | None,
        Field(description="Account there; without it the sender, where a secret is given."),
    ] = None


class AlertReceiver(Shape):
    """Where alerts go."""

    kind: Annotated[
        Literal["webhook", "slack", "pagerduty", "email"], Field(description="Kind of receiver.")
    ]
    target: Annotated[
        Word | None,
        Field(
            description="slack: a channel (#alerts) in place of the webhook's own; email: the "
            "address; pagerduty: https address of another region's events API; webhook: none."
        ),
    ] = None
    secret: Annotated[
        SecretName | None,
        Field(
            description="Name of the secret: the address (webhook, slack), the routing key "
            "(pagerduty), the account's password (email; none where the server asks for none)."
        ),
    ] = None
    smtp: Annotated[Smtp | None, Field(description="The mail server; email only.")] = None
    heartbeat_secret: Annotated[
        SecretName | None,
        Field(
            description="Name of the secret with an address that is called every five minutes "
            "while alerts work; a service there tells somebody when the calls stay away."
        ),
    ] = None


class Backup(Shape):
    """What is kept outside in case all is lost."""

    target: Annotated[Word, Field(description="Where backups go, for example gs://bucket/folder.")]
    schedule: Annotated[Word, Field(description="When, as a cron line in UTC.")] = "0 3 * * *"
    keep_days: Annotated[int, Field(ge=1, le=3650, description="How long each is kept.")] = 30


class Component(Shape):
    """One component of a layer, switched or given values of its own."""

    enabled: Annotated[bool, Field(description="Whether it is installed.")] = True
    app: Annotated[
        AppRef | None,
        Field(
            description="tenant/app whose key it shows at the gateway; that app has a budget and "
            "models of its own. For open-webui, tabby and n8n."
        ),
    ] = None
    values: Annotated[
        dict[str, Any], Field(description="Helm values laid over the component's own.")
    ] = Field(default_factory=dict)
