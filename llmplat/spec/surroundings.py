"""What surrounds the platform: delivery, mirrors, names, sign-in, alerts, backup, components."""

from typing import Annotated, Any, Literal

from pydantic import Field

from llmplat.spec.scalars import AppRef, DnsName, HttpUrl, SecretName, Word
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


class Mirror(Shape):
    """Where images, charts and models are fetched in place of the public registries."""

    registry: Annotated[Word, Field(description="Host and path of the registry.")]
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


class AlertReceiver(Shape):
    """Where alerts go."""

    kind: Annotated[
        Literal["webhook", "slack", "pagerduty", "email"], Field(description="Kind of receiver.")
    ]
    target: Annotated[
        Word | None, Field(description="Channel or address, where that is not a secret.")
    ] = None
    secret: Annotated[
        SecretName | None, Field(description="Name of the secret with the address or token.")
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
