"""Who uses the platform: tenants, their apps, and what each may spend and ask for."""

from typing import Annotated, Literal

from pydantic import Field

from llmplat.domain.units import usd_to_nano
from llmplat.spec.data_class import DataClass
from llmplat.spec.scalars import Duration, Label, ModelRef, Usd
from llmplat.spec.shape import Shape

Period = Literal["day", "week", "month", "total"]

PLATFORM_TENANT = "platform"
"""The implicit tenant of llmplat itself; its app `system` serves proof, doctor and chat."""

DEFAULT_BUDGET_USD = 5.0


class Budget(Shape):
    """What may be spent in a period."""

    usd: Annotated[Usd, Field(description="Amount in USD.")]
    period: Annotated[
        Period, Field(description="When it starts anew (UTC calendar); total: never.")
    ] = "month"

    @property
    def nanousd(self) -> int:
        """The amount in nano-dollars."""
        return usd_to_nano(self.usd)


class Limits(Shape):
    """What may be asked for; a missing limit is no limit."""

    requests_per_minute: Annotated[
        int | None, Field(ge=1, le=1_000_000_000, description="Requests a minute.")
    ] = None
    tokens_per_minute: Annotated[
        int | None, Field(ge=1, le=1_000_000_000_000, description="Tokens a minute.")
    ] = None
    parallel_requests: Annotated[
        int | None, Field(ge=1, le=1_000_000, description="Requests in flight at once.")
    ] = None


NO_LIMITS = Limits.model_construct(
    requests_per_minute=None, tokens_per_minute=None, parallel_requests=None
)


class App(Shape):
    """One application of a tenant; keys are made for an app."""

    name: Annotated[Label, Field(description="Name, unique within the tenant.")]
    budget: Annotated[
        Budget | None, Field(description="What the app may spend; without it the tenant's budget.")
    ] = None
    limits: Annotated[Limits, Field(description="What the app may ask for.")] = NO_LIMITS
    models: Annotated[
        tuple[ModelRef, ...] | None,
        Field(description="Models the app may use; without it those of the tenant."),
    ] = None
    priority_class: Annotated[
        Label | None, Field(description="Priority class; without it that of the tenant.")
    ] = None


class SelfService(Shape):
    """What a tenant may change about its keys without anybody's approval."""

    keys: Annotated[
        int, Field(ge=1, le=100, description="Keys that each app may have, those made here too.")
    ]
    lifetime_s: Annotated[
        Duration,
        Field(
            alias="lifetime",
            ge=60,
            le=31_622_400,
            description="The longest life of a key made without approval.",
        ),
    ] = 2_592_000.0


class Tenant(Shape):
    """A team: a budget, limits and models shared by its apps."""

    name: Annotated[Label, Field(description="Name, unique in the platform.")]
    budget: Annotated[
        Budget, Field(description="What all apps of the tenant may spend together.")
    ] = Budget.model_construct(usd=DEFAULT_BUDGET_USD, period="month")
    limits: Annotated[
        Limits, Field(description="What all apps of the tenant may ask for together.")
    ] = NO_LIMITS
    models: Annotated[
        tuple[ModelRef, ...],
        Field(description='Models the tenant may use, by name or alias; "*" is all.'),
    ] = ("*",)
    priority_class: Annotated[
        Label, Field(description="Priority class of the tenant's requests.")
    ] = "interactive"
    data_class: Annotated[
        DataClass, Field(description="The most sensitive class of models the tenant may call.")
    ] = "internal"
    gpu_quota: Annotated[
        int, Field(ge=0, le=100_000, description="GPUs the tenant's own models may hold.")
    ] = 0
    self_service: Annotated[
        SelfService | None,
        Field(
            description="Changes of its keys that take effect without approval; without it the "
            "platform's owner approves each."
        ),
    ] = None
    apps: Annotated[
        tuple[App, ...], Field(description="Applications; keys are made for these.")
    ] = ()


class Organisation(Shape):
    """All tenants together."""

    budget: Annotated[Budget | None, Field(description="What all tenants may spend together.")] = (
        None
    )


class EndUser(Shape):
    """Each single user behind an app."""

    budget: Annotated[Budget | None, Field(description="What one user of an app may spend.")] = None
    limits: Annotated[Limits, Field(description="What one user of an app may ask for.")] = NO_LIMITS


class PriorityClass(Shape):
    """How long work of this class may be kept waiting behind newer work."""

    name: Annotated[Label, Field(description="Name.")]
    allowance_s: Annotated[
        Duration,
        Field(
            alias="allowance",
            ge=0,
            le=86_400,
            description="How much newer work may go first: priority is arrival time plus this.",
        ),
    ]
    share: Annotated[
        float,
        Field(gt=0, le=1, description="Part of a model's admission window the class may fill."),
    ] = 1.0


BUILT_IN_CLASSES = (
    PriorityClass.model_construct(name="interactive", allowance_s=0.0, share=1.0),
    PriorityClass.model_construct(name="batch", allowance_s=60.0, share=0.5),
)
