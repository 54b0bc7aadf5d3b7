"""What `up` on a cluster needs of the world, and how far it is to go."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from llmplat.apply.cluster_claim import Claimant
from llmplat.apply.cluster_inventory import InventoryBook
from llmplat.apply.cluster_reports import Delivered
from llmplat.apply.narrow import Narrowing, refuse_narrowing
from llmplat.apply.proof import Proof
from llmplat.catalog.entries import Catalog
from llmplat.domain.cluster import Cluster, Object
from llmplat.domain.errors import Finding
from llmplat.domain.inventory import Inventory
from llmplat.domain.ports import Progress
from llmplat.plan.plan import Plan
from llmplat.render.tree import Tree


class Deliver(Protocol):
    """Brings a tree to the registry or the git repository that the plan names."""

    def __call__(self, plan: Plan, tree: Tree, progress: Progress) -> Delivered:
        """Push it; RegistryError, PreconditionError."""
        ...


@dataclass(frozen=True)
class ClusterTools:
    """What `up` on a cluster needs of the world."""

    cluster: Cluster
    catalog: Catalog
    who: Claimant
    deliver: Deliver
    preflight: Callable[[Plan, Inventory | None], tuple[Finding, ...]]
    """Everything that is in the way, and what is only worth knowing; nothing is changed."""
    missing_secrets: Callable[[Plan], tuple[Finding, ...]]
    ensure_argocd: Callable[[Plan, InventoryBook, Progress], None]
    """Have an Argo CD there: adopt, or install."""
    verify: Callable[[Plan], tuple[Finding, ...]]
    """Controls that do not hold."""
    prove: Callable[[Plan], tuple[Proof, ...]]
    load_yaml: Callable[[str], list[Object]]
    """Several documents of a text that we rendered."""
    agree: Callable[[Narrowing], None] = refuse_narrowing
    """Shows what the file leaves out of the cluster; InputError where nobody agrees to remove it."""
    on_step: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class ClusterWish:
    """How far to go and what was agreed to."""

    file_digest: str
    project: str = ""
    timeout_s: float | None = None
    """For all waves; None: as long as the models are given, and half an hour for the rest."""
    is_proving: bool = True


def file_digest(*texts: str) -> str:
    """What the inventory knows the applied files by."""
    whole = "\0".join(texts).encode()
    return f"sha256:{hashlib.sha256(whole).hexdigest()}"
