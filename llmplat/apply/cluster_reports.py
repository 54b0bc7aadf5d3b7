"""What `up` on a cluster delivered, did, or would do."""

from dataclasses import dataclass

from llmplat.apply.proof import Proof
from llmplat.domain.cluster import ClusterIdentity
from llmplat.domain.errors import Finding


@dataclass(frozen=True)
class Delivered:
    """A tree where Argo CD finds it."""

    revision: str
    """What the root follows: the digest of its artifact, or the commit."""
    sent: int
    """Artifacts or files that were not there before."""
    kept: int


@dataclass(frozen=True)
class ClusterUpReport:
    """What `up` did on a cluster."""

    platform: str
    profile: str
    identity: ClusterIdentity
    applications: tuple[str, ...]
    changed: tuple[str, ...]
    """Applications that were made or follow something else now."""
    removed: tuple[str, ...]
    sent: int
    kept: int
    revision: str
    proofs: tuple[Proof, ...]
    not_run: tuple[str, ...]
    """What was left out, and why."""
    warnings: tuple[Finding, ...]
    took_s: float


@dataclass(frozen=True)
class ClusterUpPreview:
    """What `up` would do; nothing was changed."""

    platform: str
    profile: str
    identity: ClusterIdentity
    missing: tuple[Finding, ...]
    add: tuple[str, ...]
    change: tuple[str, ...]
    remove: tuple[str, ...]
    keep: tuple[str, ...]
    delivery: str
