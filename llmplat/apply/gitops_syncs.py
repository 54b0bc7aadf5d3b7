"""Syncs that Argo CD is at: which run for something older than what is wanted, and how one is ended."""

from collections.abc import Iterable

from llmplat.domain.cluster import Cluster, Object, ref_of

RUNNING, ENDING = "Running", "Terminating"


def phase_of(application: Object) -> str:
    """Where the Application's last sync is; "" where it had none."""
    return str(_operation(application).get("phase", ""))


def is_older(application: Object) -> bool:
    """Whether a sync runs for another source or revision than the Application has now."""
    status, spec = application.get("status") or {}, application["spec"]
    if phase_of(application) != RUNNING:
        return False
    begun = (_operation(application).get("operation") or {}).get("sync") or {}
    known = (status.get("sync") or {}).get("revision")
    is_moved = begun.get("source", spec.get("source")) != spec.get("source")
    return is_moved or begun.get("revision", known) != known


def end_sync(cluster: Cluster, application: Object) -> None:
    """Ask Argo CD to end what it is at; ClusterError where it may not be asked."""
    cluster.patch(ref_of(application), {"status": {"operationState": {"phase": ENDING}}})


def end_older_syncs(cluster: Cluster, applications: Iterable[Object]) -> None:
    """End every sync that runs for something older.

    Argo CD 3.2 finishes what it has begun before it looks at anything newer: a wave that waits for
    what never gets ready would keep its own mend out.
    """
    for one in applications:
        if is_older(one):
            end_sync(cluster, one)


def _operation(application: Object) -> Object:
    found: Object = (application.get("status") or {}).get("operationState") or {}
    return found
