"""The platform's names: whether their records can be written, as far as the cluster tells."""

from collections.abc import Iterator

from llmplat.apply.preflight.look import Look, missing, note
from llmplat.domain.cluster import Object
from llmplat.domain.errors import Finding
from llmplat.plan.cluster.gateway import EDGE, Zone

_ACCOUNTS = ("external-dns", "cert-manager")
"""Service accounts that write records, each in the namespace of its name."""


def check_names(look: Look) -> Iterator[Finding]:
    """Proofs of names that fail, or before the first of them the rights that they will need."""
    gateway = look.wanted.workloads.gateway
    if gateway is None or gateway.entry.zone is None:
        return
    zone = gateway.entry.zone
    failing = [one for one in _challenges(look) if _is_failing(one)]
    for one in failing:
        yield missing(
            f"The name {one['spec'].get('dnsName')} cannot be proven in the zone {zone.name}.",
            str(one["status"]["reason"])[:300],
            *_grants(zone),
        )
    if not failing and zone.token is None:
        yield note(
            f"Whether {' and '.join(_ACCOUNTS)} may write records in the zone {zone.name} shows "
            "when they do.",
            "it is the cloud's to say: " + "; ".join(_grants(zone)),
        )


def _challenges(look: Look) -> list[Object]:
    if not look.cluster.can("list", "acme.cert-manager.io", "challenges", EDGE):
        return []
    return list(look.cluster.list("acme.cert-manager.io/v1", "Challenge", EDGE))


def _is_failing(challenge: Object) -> bool:
    """A record on its way has a reason too: cert-manager waits until it is seen."""
    status = challenge.get("status") or {}
    reason = str(status.get("reason") or "")
    return bool(reason) and not reason.startswith("Waiting for")


def _grants(zone: Zone) -> tuple[str, ...]:
    if zone.provider == "cloud-dns":
        return tuple(
            f"gcloud dns managed-zones add-iam-policy-binding {zone.name} --project {zone.project} "
            f"--role roles/dns.admin --member the principal of ns/{name}/sa/{name} "
            "(docs/how-to/let-people-in.md)"
            for name in _ACCOUNTS
        )
    if zone.token is not None:
        return (f"llmplat secrets rotate {zone.token} --stdin < TOKEN",)
    return tuple(f"let {name}/{name} change the hosted zone {zone.name}" for name in _ACCOUNTS)
