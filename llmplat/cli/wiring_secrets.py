"""The composition root of `secrets`: the plan that names them and the backend that keeps them."""

from typing import TYPE_CHECKING

from llmplat.cli.run import Run
from llmplat.cli.wiring import Opened, catalog, open_platform, read_keys, read_lock
from llmplat.domain.errors import LockMissingError

if TYPE_CHECKING:
    from llmplat.domain.cluster import Cluster
    from llmplat.domain.secrets import SecretBackend
    from llmplat.plan.plan import Plan


def open_secrets(run: Run) -> "tuple[Plan, SecretBackend]":
    """The plan of the platform at hand and the backend it names."""
    from llmplat.plan.make import make_plan

    opened = open_platform(run)
    lock = read_lock(opened)
    if lock is None:
        raise LockMissingError(
            f"{opened.lock_file} is not there.",
            "which secrets there are follows from the plan, and planning needs the lock",
            ("llmplat lock",),
        )
    platform, keys = opened.loaded.platform, read_keys(opened.keys_file)
    plan = make_plan(platform, lock, catalog(), keys=keys, is_unfit_accepted=True)
    return plan, backend_of(run, opened, plan)


def backend_of(
    run: Run, opened: Opened, plan: "Plan", cluster: "Cluster | None" = None
) -> "SecretBackend":
    """Where the values of `plan` are; PreconditionError on this machine.

    `cluster` is the one at hand; None: the one of the file.
    """
    from llmplat.apply.secrets import wanted_secrets

    wanted_secrets(plan)
    store = plan.cluster.workloads.secrets.store if plan.cluster is not None else None
    if store is not None and store.backend == "gcp-secret-manager":
        return _google(run, store.project)
    return _cluster(run, opened, plan, cluster)


def _google(run: Run, project: str) -> "SecretBackend":
    from llmplat.adapters.google_secrets import GoogleSecrets
    from llmplat.cli.wiring_google import google_rest

    return GoogleSecrets(google_rest(run, project))


def _cluster(run: Run, opened: Opened, plan: "Plan", cluster: "Cluster | None") -> "SecretBackend":
    from llmplat.adapters.cluster_secrets import ClusterSecrets
    from llmplat.cli.wiring_cluster import open_cluster
    from llmplat.plan.cluster.secrets import BACKEND_NAMESPACE, VALUE

    found = cluster or open_cluster(run, opened)
    return ClusterSecrets(found, plan.platform, BACKEND_NAMESPACE, VALUE)
