"""What checking an image says: each thing looked at, its place and what is wrong with it."""

from dataclasses import dataclass

from llmplat.domain.oci import Digest


@dataclass(frozen=True)
class ImageCheck:
    """One thing that was looked at."""

    what: str
    where: str
    """Digest and, where it is known, the file."""
    problem: str | None = None
    """None: it holds."""


@dataclass(frozen=True)
class ImageChecks:
    """What was checked of one image."""

    reference: str
    digest: Digest
    is_signature_checked: bool
    checks: tuple[ImageCheck, ...]

    @property
    def failed(self) -> tuple[ImageCheck, ...]:
        """What did not hold."""
        return tuple(check for check in self.checks if check.problem is not None)
