"""What makes, changes and removes cloud resources, as the stages see it: changes, events, outputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

Inputs = Mapping[str, Any]
"""One JSON document for the program; no secrets in it."""
POOL_KIND = "gcp:container/nodePool:NodePool"
CLUSTER_KIND = "gcp:container/cluster:Cluster"


class Act(StrEnum):
    """What happens to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True)
class Change:
    """One resource that would change."""

    name: str
    kind: str
    """Pulumi's type, such as gcp:container/nodePool:NodePool."""
    act: Act
    differs: tuple[str, ...] = ()
    """Keys that are not as they were."""


class Moment(StrEnum):
    """Where a resource is in its change."""

    BEGAN = "began"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class ResourceEvent:
    """One resource on its way."""

    name: str
    kind: str
    act: Act
    moment: Moment


@dataclass(frozen=True)
class Said:
    """A warning or an error, about one resource where it is named."""

    text: str
    is_error: bool
    name: str = ""


Event = ResourceEvent | Said
OnEvent = Callable[[Event], None]


class Provisioner(Protocol):
    """One platform's cloud resources.

    Every method raises PreconditionError (a tool is missing), ProvisionLockedError (another run, or
    what an interrupted one left) or ProvisionError (the cloud said no; what failed is named).
    Interrupted once, a change lets what is in flight end, then raises KeyboardInterrupt.
    """

    @property
    def place(self) -> str:
        """Where the state is kept, for people."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether the state is a folder of this machine only."""
        ...

    def outputs(self) -> Mapping[str, Any] | None:
        """What the last `up` handed over; None when there is no state of this platform."""
        ...

    def preview(self, inputs: Inputs) -> tuple[Change, ...]:
        """What `up` would change; changes nothing in the cloud."""
        ...

    def up(self, inputs: Inputs, on_event: OnEvent) -> Mapping[str, Any]:
        """Make it so; the outputs."""
        ...

    def is_protected(self) -> bool:
        """Whether the cluster is protected from deletion, as the state has it."""
        ...

    def unprotect(self, inputs: Inputs, on_event: OnEvent) -> None:
        """Lift the deletion protection of the cluster and change nothing else."""
        ...

    def resources(self) -> tuple[Change, ...]:
        """Everything the state holds, as what `destroy` would delete."""
        ...

    def destroy(self, inputs: Inputs, on_event: OnEvent) -> None:
        """Remove everything the state holds."""
        ...

    def refresh(self, inputs: Inputs, on_event: OnEvent) -> None:
        """Look in the cloud for what is still there; the state holds only that afterwards."""
        ...

    def forget(self) -> None:
        """Drop the state and touch nothing else: what it holds went with its cluster."""
        ...

    def repair(self, inputs: Inputs, on_event: OnEvent) -> None:
        """Break a lock that was left behind, and look in the cloud for what was half-done."""
        ...
