"""What a platform owns in the cloud -> nothing of it: said first, protection lifted aloud, then removed."""

from collections.abc import Callable
from dataclasses import dataclass

from llmplat.apply.gke_up import telling
from llmplat.domain.ports import Progress
from llmplat.domain.provision import CLUSTER_KIND, Change, Inputs, Provisioner

_PROTECTED = "the cluster's deletion protection is switched off first"


@dataclass(frozen=True)
class GkeCloud:
    """The ground under one platform's cluster, as `down` sees it."""

    provisioner: Provisioner
    document: Inputs
    """Of the program, with the protection switched off."""
    forget: Callable[[], None] = lambda: None
    """Drops what this machine remembers of the cloud."""

    def planned(self) -> tuple[str, ...]:
        """One line each; the protection that is lifted first of all."""
        there = self.provisioner.resources()
        first = (_PROTECTED,) if there and self.provisioner.is_protected() else ()
        return (*first, *(_told(one) for one in there))

    def has_cluster(self) -> bool:
        """Whether the state still holds the cluster."""
        return any(one.kind == CLUSTER_KIND for one in self.provisioner.resources())

    def destroy(self, progress: Progress) -> tuple[str, ...]:
        """Lift the protection, then remove everything the state holds; safe to run again.

        Raises ProvisionError, ProvisionLockedError, PreconditionError.
        """
        there = self.provisioner.resources()
        if there and self.provisioner.is_protected():
            progress.warn(_PROTECTED)
            with telling("Switch off the cluster's deletion protection", progress) as tell:
                self.provisioner.unprotect(self.document, tell)
        if there:
            with telling("Remove the cloud resources", progress, len(there)) as tell:
                self.provisioner.destroy(self.document, tell)
        self.forget()
        return tuple(_told(one) for one in there)


def _told(one: Change) -> str:
    return f"{one.kind.rpartition(':')[2]} {one.name}"
