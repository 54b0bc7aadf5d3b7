"""What a cost monitor of the cluster tells of GPUs: hours and money by namespace and model."""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class GpuAllocation:
    """GPUs that the pods of one model in one namespace held."""

    namespace: str
    model: str
    """As their label says; "" for pods that belong to none."""
    gpu_hours: float
    gpu_nanousd: int


@dataclass(frozen=True)
class Allocations:
    """All GPUs that were held in a span of time."""

    gpus: tuple[GpuAllocation, ...]
    """Of whoever held one, by namespace and model."""
    begin: dt.datetime | None
    """Start of the oldest pod it still knows of, GPU or not; None where it knows of no pod at all."""


class CostMonitor(Protocol):
    """Who measures what pods hold, read only."""

    def allocations(self, since: dt.datetime, until: dt.datetime) -> Allocations:
        """All that was held between two moments; PreconditionError where it does not tell."""
        ...
