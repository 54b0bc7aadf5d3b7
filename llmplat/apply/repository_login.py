"""Before anything can sync: the login that Argo CD reads the tree with, put into the cluster by `up`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from llmplat.apply.cluster_inventory import InventoryBook
from llmplat.domain.cluster import Cluster, ref_of
from llmplat.domain.errors import PreconditionError
from llmplat.domain.ports import Progress
from llmplat.domain.secrets import SecretBackend
from llmplat.plan.cluster.applications import ARGO_CD
from llmplat.plan.cluster.gitops import GitopsPlan
from llmplat.plan.plan import Plan
from llmplat.render.objects.repository import make_repository_secret


@dataclass(frozen=True)
class Login:
    """What opens a repository; never printed."""

    value: str = field(repr=False)
    is_broad: bool = False
    """Whether it opens more than that: the token of whoever runs llmplat."""


def seed_login(
    cluster: Cluster,
    book: InventoryBook,
    plan: Plan,
    login_of: Callable[[Plan], Login],
    progress: Progress,
) -> None:
    """Make or renew the Secret; nothing for a repository that anyone may read.

    It is on record before it is made. Raises what `login_of` raises.
    """
    assert plan.cluster is not None  # noqa: S101 (only called for clusters)
    gitops = plan.cluster.gitops
    if not gitops.is_private:
        return
    with progress.step("Argo CD's login for the repository") as step:
        login = login_of(plan)
        secret = make_repository_secret(plan.platform, gitops, login.value)
        book.about_to_make(ref_of(secret))
        cluster.apply(secret, is_forced=True)
        step.detail(_whose(gitops))
    if login.is_broad:
        progress.warn(
            "Argo CD reads with your own token of Google Cloud until External Secrets renews it, "
            "within the first waves; with roles/iam.serviceAccountTokenCreator on the machines' "
            "account it would be a token of that account"
        )


def stored_login(plan: Plan, backend: SecretBackend) -> Login:
    """What the file's keySecret holds; PreconditionError where that is nothing, or no login."""
    assert plan.cluster is not None  # noqa: S101 (only called for clusters)
    gitops = plan.cluster.gitops
    remote = next(
        one.remote for one in plan.cluster.workloads.secrets.secrets if one.namespace == ARGO_CD
    )
    value = backend.read(remote)
    seed = f"llmplat secrets seed {gitops.key_secret} --stdin < FILE"
    if not value:
        raise PreconditionError(
            f"The secret {gitops.key_secret}, with which Argo CD reads {gitops.url}, has no value.",
            f"{backend.place} holds none under {remote}",
            (seed,),
        )
    if not gitops.is_ssh and ":" not in value:
        raise PreconditionError(
            f"The secret {gitops.key_secret} is no login for {gitops.url}.",
            "it must be USER:PASSWORD, and there is no colon in it",
            (seed.replace("seed", "rotate"),),
        )
    return Login(value)


def _whose(gitops: GitopsPlan) -> str:
    return "a short-lived token" if gitops.google is not None else f"from {gitops.key_secret}"
