"""platform.yaml as a value: everything a platform is asked to be."""

from typing import Annotated, Literal

from pydantic import Field

from llmplat.domain.mirror import MirrorPlace
from llmplat.spec.gateway import Cache, Gateway, Timeouts, UsageLedger
from llmplat.spec.model import Model
from llmplat.spec.scalars import DnsName, Label, Word
from llmplat.spec.shape import Shape
from llmplat.spec.substrate import Substrate
from llmplat.spec.surroundings import (
    AlertReceiver,
    Backup,
    Component,
    Dns,
    Gitops,
    IdentityProvider,
    Mirror,
    Traces,
)
from llmplat.spec.tenant import BUILT_IN_CLASSES, EndUser, Organisation, PriorityClass, Tenant


class Platform(Shape):
    """A platform for language models: substrate, models, tenants, and the rules between them."""

    api_version: Annotated[
        Literal["llmplat.dev/v1alpha1"], Field(description="Version of this format.")
    ]
    kind: Annotated[Literal["Platform"], Field(description="What this file describes.")]
    name: Annotated[Label, Field(description="Name of the platform.")]
    profile: Annotated[
        Literal["serving", "llm-gateway", "full"],
        Field(description="How far the layers go; each has all the one before has."),
    ] = "llm-gateway"
    substrate: Annotated[Substrate, Field(description="Where the platform runs.")]
    models: Annotated[
        tuple[Model, ...], Field(min_length=1, description="The models the platform serves.")
    ]
    model_repository: Annotated[
        Word | None,
        Field(
            description="Registry and path under which `package: true` publishes models by their "
            "names: registry/team/models."
        ),
    ] = None
    tenants: Annotated[tuple[Tenant, ...], Field(description="Who uses the platform.")] = ()
    organisation: Annotated[
        Organisation | None, Field(description="Rules for all tenants together.")
    ] = None
    end_user: Annotated[
        EndUser | None, Field(description="Rules for each single user behind an app.")
    ] = None
    priority_classes: Annotated[
        tuple[PriorityClass, ...],
        Field(
            description="Priority classes beside the built-in interactive (allowance 0s, share 1.0) "
            "and batch (60s, 0.5); one of the same name takes the built-in's place."
        ),
    ] = ()
    gateway: Annotated[Gateway, Field(description="The gateway in front of all models.")] = (
        Gateway.model_construct(
            workers=1,
            waiting_per_replica=16,
            cache=Cache.model_construct(enabled=False, ttl_s=300.0),
            ledger=UsageLedger.model_construct(keep_s=34_560_000.0, backlog=100_000),
            data_plane=None,
        )
    )
    timeouts: Annotated[Timeouts, Field(description="The chain of timeouts.")] = (
        Timeouts.model_construct(client_s=660.0, gateway_s=600.0, engine_s=590.0)
    )
    tier: Annotated[
        Literal["economy", "high-availability"],
        Field(description="How much is spent on staying up."),
    ] = "economy"
    backup: Annotated[
        Backup | None, Field(description="What is kept outside in case all is lost.")
    ] = None
    components: Annotated[
        dict[Label, Component],
        Field(description="Components switched on or off, or given values of their own."),
    ] = Field(default_factory=dict)
    gitops: Annotated[
        Gitops | None, Field(description="Where the cluster reads its manifests.")
    ] = None
    mirror: Annotated[
        Mirror | None,
        Field(
            description="With it every chart, image, model and Python package comes from there "
            "and from nowhere else."
        ),
    ] = None
    domain: Annotated[DnsName | None, Field(description="DNS name of the platform.")] = None
    dns: Annotated[Dns | None, Field(description="Who keeps the DNS records.")] = None
    exposure: Annotated[
        Literal["internal", "public"],
        Field(description="Who can reach the gateway; on this machine always 127.0.0.1 only."),
    ] = "internal"
    identity_provider: Annotated[
        IdentityProvider | None, Field(description="Where people sign in.")
    ] = None
    traces: Annotated[
        Traces | None, Field(description="Spans of requests through gateway and engines.")
    ] = None
    alert_receiver: Annotated[AlertReceiver | None, Field(description="Where alerts go.")] = None

    def with_repositories(self) -> "Platform":
        """The same with a repository for each model that is packaged without one of its own."""
        if self.model_repository is None:
            return self
        models = tuple(model.packaged_under(self.model_repository) for model in self.models)
        return self.model_copy(update={"models": models})

    @property
    def mirror_place(self) -> MirrorPlace | None:
        """Where the mirror keeps images and charts; None without a mirror in a registry."""
        registry = self.mirror.registry if self.mirror is not None else None
        return MirrorPlace.parse(registry) if registry is not None else None

    def through_mirror(self) -> "Platform":
        """The same with every image of a model where the mirror keeps it; twice is once."""
        place = self.mirror_place
        if place is None:
            return self
        repository = self.model_repository
        return self.model_copy(
            update={
                "models": tuple(model.through(place) for model in self.models),
                "model_repository": repository and place.repository(repository),
            }
        )

    @property
    def classes(self) -> tuple[PriorityClass, ...]:
        """All priority classes: the built-in ones, or those of the file in their place."""
        named = {item.name: item for item in (*BUILT_IN_CLASSES, *self.priority_classes)}
        return tuple(named.values())

    def model(self, name: str) -> Model | None:
        """The model called `name` by its name or one of its aliases."""
        return next((m for m in self.models if name == m.name or name in m.aliases), None)
