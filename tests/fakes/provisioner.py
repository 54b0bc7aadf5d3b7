"""Cloud resources in memory (a Provisioner): what it holds, what it was asked, failures on demand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmplat.domain.provision import (
    CLUSTER_KIND,
    Act,
    Change,
    Inputs,
    Moment,
    OnEvent,
    ResourceEvent,
)


@dataclass
class FakeProvisioner:
    """`held` is the state; `changes` what a preview says; `failure` is raised by what would change."""

    place: str = "/state/pulumi"
    is_local: bool = True
    held: list[Change] = field(default_factory=list)
    changes: tuple[Change, ...] = ()
    handed_over: dict[str, Any] = field(default_factory=dict)
    protected: bool = True
    failure: BaseException | None = None
    gone: set[str] = field(default_factory=set)
    """Names of what somebody removed behind our back."""
    asked: list[str] = field(default_factory=list)
    documents: list[Inputs] = field(default_factory=list)

    def outputs(self) -> Mapping[str, Any] | None:
        return self.handed_over if self.held else None

    def preview(self, inputs: Inputs) -> tuple[Change, ...]:
        self.asked.append("preview")
        return self.changes

    def up(self, inputs: Inputs, on_event: OnEvent) -> Mapping[str, Any]:
        self._act("up", inputs)
        for one in self.changes:
            on_event(ResourceEvent(one.name, one.kind, one.act, Moment.BEGAN))
            on_event(ResourceEvent(one.name, one.kind, one.act, Moment.DONE))
        self.held = [Change(one.name, one.kind, Act.DELETE) for one in self.changes] or self.held
        return self.handed_over

    def is_protected(self) -> bool:
        return self.protected and any(one.kind == CLUSTER_KIND for one in self.held)

    def unprotect(self, inputs: Inputs, on_event: OnEvent) -> None:
        assert not self.gone, "nothing that is gone can be changed"
        self._act("unprotect", inputs)
        self.protected = False

    def resources(self) -> tuple[Change, ...]:
        return tuple(self.held)

    def destroy(self, inputs: Inputs, on_event: OnEvent) -> None:
        assert not self.is_protected(), "the cloud would refuse"
        self._act("destroy", inputs)
        self.held = []

    def refresh(self, inputs: Inputs, on_event: OnEvent) -> None:
        self._act("refresh", inputs)
        self.held = [one for one in self.held if one.name not in self.gone]

    def forget(self) -> None:
        self.asked.append("forget")
        self.held = []

    def repair(self, inputs: Inputs, on_event: OnEvent) -> None:
        self.asked.append("repair")
        self.failure = None

    def _act(self, verb: str, inputs: Inputs) -> None:
        self.asked.append(verb)
        self.documents.append(inputs)
        if self.failure is not None:
            raise self.failure
