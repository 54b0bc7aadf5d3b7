"""One run at a time on a cluster: a Lease that is renewed while held and taken over when its holder died."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from llmplat.domain.cluster import Cluster, Object, ObjectRef
from llmplat.domain.errors import BusyError, ClusterConflictError, ClusterError, LlmplatError
from llmplat.domain.inventory import NAMESPACE, labels_of

LEASE = ObjectRef("coordination.k8s.io/v1", "Lease", NAMESPACE, "llmplat-claim")
SYSTEM = ObjectRef("v1", "Namespace", None, NAMESPACE)
VERB = "llmplat.dev/verb"
_FOR_S = 15
_RENEW_EVERY_S = 4.0
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True)
class Claimant:
    """Who claims: a run of llmplat on some machine."""

    name: str
    """Host, process and start, such as laptop/4711/83727.1: no two runs share it."""
    is_gone: Callable[[str], bool] = lambda _: False
    """Whether that claimant is known to be dead: it ran on this machine and does not any more."""
    for_s: int = _FOR_S
    """A claim that nobody renewed for this long is over."""


@dataclass
class Held:
    """A claim that is held; `check` before each act."""

    is_lost: bool = False
    _over: threading.Event = field(default_factory=threading.Event, repr=False)

    def check(self) -> None:
        """BusyError when another run may have taken over."""
        if self.is_lost:
            raise BusyError(
                "This run lost its claim on the cluster, so it goes no further.",
                "it could not renew it in time, or another run took it",
                ("llmplat status", "run the same command again"),
            )


@contextmanager
def claim(cluster: Cluster, platform: str, verb: str, who: Claimant) -> Iterator[Held]:
    """Hold the cluster for one run of `verb`; a dead holder's claim is taken over.

    Raises BusyError when another run holds it and is alive.
    """
    ensure_namespace(cluster, platform)
    lease = _take(cluster, platform, verb, who)
    held = Held()
    renewer = threading.Thread(target=_renew, args=(cluster, lease, held, who), daemon=True)
    renewer.start()
    try:
        yield held
    finally:
        held._over.set()  # noqa: SLF001 (its own module)
        renewer.join()
        _release(cluster, who)


def holder_of(cluster: Cluster) -> str | None:
    """What another run is doing right now, in words; None when nobody holds the claim."""
    lease = cluster.get(LEASE)
    spec = (lease or {}).get("spec") or {}
    if lease is None or not spec.get("holderIdentity") or _age_s(spec) > _FOR_S * 2:
        return None
    verb = (lease["metadata"].get("annotations") or {}).get(VERB, "a command")
    return f"{verb} by {spec['holderIdentity'].split('/')[0]} since {spec.get('acquireTime', '?')}"


def ensure_namespace(cluster: Cluster, platform: str) -> None:
    """The namespace of what llmplat keeps beside the tree."""
    found = cluster.get(SYSTEM)
    if found is not None:
        return
    metadata = {"name": NAMESPACE, "labels": labels_of(platform)}
    with suppress(ClusterConflictError):
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def _take(cluster: Cluster, platform: str, verb: str, who: Claimant) -> Object:
    wanted = _lease(platform, verb, who)
    try:
        return cluster.create(wanted)
    except ClusterConflictError:
        pass
    found = _await_end(cluster, who)
    version = {"resourceVersion": found["metadata"]["resourceVersion"]} if found else {}
    try:
        return (cluster.replace if found else cluster.create)(
            {**wanted, "metadata": {**wanted["metadata"], **version}}
        )
    except ClusterConflictError as error:
        raise _busy(cluster.get(LEASE) or wanted) from error


def _await_end(cluster: Cluster, who: Claimant) -> Object | None:
    """The lease once it is free: released, its holder dead, or not renewed for its whole length.

    Renewals are watched with our own clock: those of two machines need not agree.
    """
    first = cluster.get(LEASE)
    end_s = time.monotonic() + who.for_s
    found = first
    while found is not None:
        spec = found.get("spec") or {}
        name = spec.get("holderIdentity")
        if not name or name == who.name or who.is_gone(name) or _age_s(spec) > 600:
            return found
        if first is None or spec.get("renewTime") != (first.get("spec") or {}).get("renewTime"):
            raise _busy(found)
        if time.monotonic() > end_s:
            return found
        time.sleep(_LOOK_EVERY_S)
        found = cluster.get(LEASE)
    return None


def _renew(cluster: Cluster, lease: Object, held: Held, who: Claimant) -> None:
    last_s = time.monotonic()
    while not held._over.wait(min(_RENEW_EVERY_S, who.for_s / 4)):  # noqa: SLF001 (its own module)
        try:
            lease = cluster.replace({**lease, "spec": {**lease["spec"], "renewTime": _now()}})
            last_s = time.monotonic()
        except ClusterConflictError:
            held.is_lost = True
            return
        except LlmplatError:
            if time.monotonic() - last_s > who.for_s * 2 / 3:
                held.is_lost = True
                return


def _release(cluster: Cluster, who: Claimant) -> None:
    """Free for the next run at once; without this it would only have to wait."""
    with suppress(ClusterError):
        found = cluster.get(LEASE)
        if found is not None and (found.get("spec") or {}).get("holderIdentity") == who.name:
            spec = {key: value for key, value in found["spec"].items() if key != "holderIdentity"}
            cluster.replace({**found, "spec": spec})


def _lease(platform: str, verb: str, who: Claimant) -> Object:
    now = _now()
    return {
        "apiVersion": LEASE.api_version,
        "kind": LEASE.kind,
        "metadata": {
            "name": LEASE.name,
            "namespace": LEASE.namespace,
            "labels": labels_of(platform),
            "annotations": {VERB: verb},
        },
        "spec": {
            "holderIdentity": who.name,
            "leaseDurationSeconds": max(1, who.for_s),
            "acquireTime": now,
            "renewTime": now,
        },
    }


def _busy(lease: Object) -> BusyError:
    spec = lease.get("spec") or {}
    verb = (lease["metadata"].get("annotations") or {}).get(VERB, "a command")
    return BusyError(
        f"Another run works on this cluster: {verb}.",
        f"{spec.get('holderIdentity')} holds it since {spec.get('acquireTime')} and renewed it at "
        f"{spec.get('renewTime')}",
        ("wait for it to end, then run the same command again", "llmplat status"),
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _age_s(spec: Object) -> float:
    try:
        renewed = datetime.fromisoformat(str(spec.get("renewTime")))
    except ValueError:
        return 0.0
    return (datetime.now(UTC) - renewed).total_seconds()
