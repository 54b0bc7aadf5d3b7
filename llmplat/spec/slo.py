"""What a model promises its callers: the targets that alerts are made from."""

from typing import Annotated

from pydantic import Field

from llmplat.spec.scalars import Duration
from llmplat.spec.shape import Shape

Percent = Annotated[float, Field(ge=90, le=99.999)]
"""Share of good requests; below 90 the budget of faults is so large that no alert is early."""


class LatencyTarget(Shape):
    """So many of the answers are at least so quick."""

    within_s: Annotated[
        Duration,
        Field(
            alias="within",
            gt=0,
            le=7680,
            description="Longest time that still counts as good; a bucket of the engine's histogram "
            "must end there.",
        ),
    ]
    percent: Annotated[Percent, Field(description="Share of the answers, in percent.")] = 95.0


class Slo(Shape):
    """Targets over 30 days; alerts tell when the faults allowed by them are used up too soon."""

    availability_percent: Annotated[
        Percent | None,
        Field(description="Share of the admitted requests that are answered, in percent."),
    ] = None
    time_to_first_token: Annotated[
        LatencyTarget | None,
        Field(description="From the request's arrival in the engine to its first token."),
    ] = None
    inter_token_latency: Annotated[
        LatencyTarget | None, Field(description="Between two tokens of one answer.")
    ] = None
