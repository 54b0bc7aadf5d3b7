"""The gateway's own settings and the chain of timeouts around it."""

from typing import Annotated, Literal

from pydantic import Field

from llmplat.spec.scalars import Duration
from llmplat.spec.shape import Shape


class Cache(Shape):
    """Answers to the very same request, kept for a while, never shared between tenants."""

    enabled: Annotated[bool, Field(description="Whether answers are kept.")] = False
    ttl_s: Annotated[
        Duration, Field(alias="ttl", ge=1, le=604_800, description="How long an answer is kept.")
    ] = 300.0


class UsageLedger(Shape):
    """One record for each request, without its text."""

    keep_s: Annotated[
        Duration,
        Field(
            alias="keep",
            ge=86_400,
            le=315_360_000,
            description="How long records are kept; at most the oldest day goes in an hour.",
        ),
    ] = 34_560_000.0
    backlog: Annotated[
        int,
        Field(
            ge=1000,
            le=500_000,
            description="Records that may wait for a ledger that cannot be written (a full disk); "
            "then requests are refused, none is served unrecorded.",
        ),
    ] = 100_000


class Gateway(Shape):
    """The gateway in front of all models."""

    workers: Annotated[int, Field(ge=1, le=64, description="Worker processes of the gateway.")] = 1
    waiting_per_replica: Annotated[
        int,
        Field(
            ge=0,
            le=4096,
            description="Requests that may wait in each engine's queue; more are refused at "
            "arrival.",
        ),
    ] = 16
    cache: Annotated[Cache, Field(description="The exact cache.")] = Cache.model_construct(
        enabled=False, ttl_s=300.0
    )
    ledger: Annotated[UsageLedger, Field(description="The record of requests.")] = (
        UsageLedger.model_construct(keep_s=34_560_000.0, backlog=100_000)
    )
    data_plane: Annotated[
        Literal["agentgateway", "gke-gateway", "kgateway"] | None,
        Field(description="The cluster's way in, in front of the gateway."),
    ] = None


class Timeouts(Shape):
    """Nested, outermost first: each must be longer than the next."""

    client_s: Annotated[
        Duration,
        Field(alias="client", gt=0, le=86_400, description="What clients should wait at most."),
    ] = 660.0
    gateway_s: Annotated[
        Duration,
        Field(alias="gateway", gt=0, le=86_400, description="When the gateway gives up."),
    ] = 600.0
    engine_s: Annotated[
        Duration,
        Field(alias="engine", gt=0, le=86_400, description="When a request in the engine ends."),
    ] = 590.0
