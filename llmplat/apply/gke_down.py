"""What a platform owns in the cloud -> nothing of it: said first, protection lifted aloud, then removed."""

from collections.abc import Callable
from dataclasses import dataclass

from llmplat.apply.provision_story import telling
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

    serves: Callable[[], bool] = lambda: True
    """Whether the cloud still has the cluster and its control plane can be asked."""

    def planned(self) -> tuple[str, ...]:
        """One line each; the protection that is lifted first of all."""
        there = self.provisioner.resources()
        is_lifted = there and self.provisioner.is_protected() and self.serves()
        return (*((_PROTECTED,) if is_lifted else ()), *(_told(one) for one in there))

    def has_cluster(self) -> bool:
        """Whether the state still holds the cluster, and the cloud has it too."""
        there = self.provisioner.resources()
        return any(one.kind == CLUSTER_KIND for one in there) and self.serves()

    def destroy(self, progress: Progress) -> tuple[str, ...]:
        """Lift the protection, then remove everything the state holds; safe to run again.

        Raises ProvisionError, ProvisionLockedError, PreconditionError.
        """
        there = self.provisioner.resources()
        if there and not self.serves():
            with telling("Look for what is left in the cloud", progress) as tell:
                self.provisioner.refresh(self.document, tell)
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
