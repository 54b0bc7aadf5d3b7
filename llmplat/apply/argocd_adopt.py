"""The Argo CD that is in a cluster -> one that will do, or what it differs in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from llmplat.apply.cluster_inventory import InventoryBook
from llmplat.catalog.versions import numbers_of
from llmplat.domain.cluster import Cluster, Object, ObjectRef
from llmplat.domain.errors import Finding, PreconditionError, Severity
from llmplat.domain.ports import Progress
from llmplat.plan.cluster.applications import ARGO_CD
from llmplat.render.health import health_scripts

OLDEST = (3, 1)
"""The first with OCI artifacts as sources: https://argo-cd.readthedocs.io/en/stable/user-guide/oci/"""
NEWEST_MAJOR = 3
_CM = ObjectRef("v1", "ConfigMap", ARGO_CD, "argocd-cm")
_PARTS = (
    ("apps/v1", "StatefulSet", "argocd-application-controller"),
    ("apps/v1", "Deployment", "argocd-application-controller"),
    ("apps/v1", "Deployment", "argocd-repo-server"),
)
_NAME = "app.kubernetes.io/name"
_ABOUT_HEALTH = "resource.customizations.health."
CODE = "need-missing"
ADOPTED = "argocd"
NO_ARGO_CD = (
    "install Argo CD 3.1 or newer into the namespace argocd",
    "llmplat render --argocd-settings | kubectl apply --server-side -f -",
)


@dataclass(frozen=True)
class FoundArgoCd:
    """What is known of the Argo CD in the cluster."""

    version: str | None
    """None where no workload of it names one."""
    settings: dict[str, str]
    """argocd-cm."""


def find_argocd(cluster: Cluster) -> FoundArgoCd | None:
    """The Argo CD of the namespace argocd; None when there is none."""
    if cluster.get(ObjectRef("v1", "Namespace", None, ARGO_CD)) is None:
        return None
    settings = cluster.get(_CM)
    parts = [found for ref in _refs() if (found := cluster.get(ref)) is not None]
    if settings is None and not parts:
        return None
    version = next((it for part in parts if (it := _version(part))), None)
    return FoundArgoCd(version, dict((settings or {}).get("data") or {}))


def adopt(cluster: Cluster, book: InventoryBook, progress: Progress) -> None:
    """Take the Argo CD that is there; PreconditionError when there is none or it will not do."""
    found = find_argocd(cluster)
    if found is None:
        raise PreconditionError(
            "There is no Argo CD in the cluster.", "nothing is in the namespace argocd", NO_ARGO_CD
        )
    wrong = [one for one in check_argocd(found, cluster) if one.severity is Severity.ERROR]
    if wrong:
        raise PreconditionError(wrong[0].what, wrong[0].why, wrong[0].fix, findings=tuple(wrong))
    if ADOPTED not in book.now.adopted:
        book.note(adopted=(*book.now.adopted, ADOPTED))
    progress.note(f"adopted Argo CD {found.version or 'of an unknown version'}")


def check_argocd(found: FoundArgoCd, cluster: Cluster) -> Iterator[Finding]:
    """What keeps it from running our waves; nothing for one that may be adopted."""
    yield from _check_version(found)
    yield from _check_health(found)
    tracking = found.settings.get("application.resourceTrackingMethod", "annotation")
    if tracking == "label":
        yield _finding(
            "tracks its objects by label.",
            "application.resourceTrackingMethod: label; names beyond 63 characters would collide",
            "kubectl -n argocd patch configmap argocd-cm --type merge -p "
            '\'{"data":{"application.resourceTrackingMethod":"annotation"}}\'',
        )
    kept_out = _kept_out(found.settings)
    if kept_out:
        yield _finding(
            f"is told to overlook {', '.join(kept_out)}.",
            "resource.exclusions or resource.inclusions of argocd-cm; the tree holds such objects",
            "kubectl -n argocd edit configmap argocd-cm",
        )
    yield from _elsewhere(cluster)


def _check_version(found: FoundArgoCd) -> Iterator[Finding]:
    if found.version is None:
        yield Finding(
            CODE,
            "The version of the Argo CD that is there is not known.",
            "no Deployment or StatefulSet of it in the namespace argocd names an image with a tag",
            severity=Severity.WARNING,
        )
        return
    numbers = numbers_of(found.version)[:2]
    if numbers < OLDEST or numbers[0] > NEWEST_MAJOR:
        yield _finding(
            f"is version {found.version}.",
            f"the tree comes as OCI artifacts and needs 3.1 or newer, below {NEWEST_MAJOR + 1}.0",
            "update it, or give the platform a cluster without Argo CD",
        )


def _check_health(found: FoundArgoCd) -> Iterator[Finding]:
    differ = [key for key, lua in health_scripts().items() if _other(found.settings.get(key), lua)]
    # Without a script for Application the waves of the root wait for nothing.
    if differ:
        names = ", ".join(key.removeprefix(_ABOUT_HEALTH) for key in sorted(differ))
        yield _finding(
            f"lacks {len(differ)} of our health scripts, or has others.",
            f"argocd-cm differs for {names}; without them a wave does not wait for the one before",
            "llmplat render --argocd-settings | kubectl apply --server-side -f -",
        )


def _other(there: str | None, ours: str) -> bool:
    return (there or "").strip() != ours.strip()


def _kept_out(settings: dict[str, str]) -> list[str]:
    """Settings that hide whole kinds, where they name one of ours."""
    text = settings.get("resource.exclusions", "") + settings.get("resource.inclusions", "")
    ours = ("kueue.x-k8s.io", "gateway.networking.k8s.io", "inference.networking.k8s.io")
    return [group for group in ours if group in text]


def _elsewhere(cluster: Cluster) -> Iterator[Finding]:
    """A second one that watches all namespaces would fight over the same objects."""
    for kind in ("Deployment", "StatefulSet"):
        for part in cluster.list("apps/v1", kind, None, {_NAME: "argocd-application-controller"}):
            namespace = part["metadata"].get("namespace")
            if namespace != ARGO_CD:
                yield Finding(
                    CODE,
                    f"Another Argo CD runs in the namespace {namespace}.",
                    "it is left alone; should it watch the namespace argocd too, both would sync "
                    "the same Applications",
                    severity=Severity.WARNING,
                )


def _refs() -> Iterator[ObjectRef]:
    return (ObjectRef(api, kind, ARGO_CD, name) for api, kind, name in _PARTS)


def _version(part: Object) -> str | None:
    containers = part["spec"]["template"]["spec"]["containers"]
    for container in containers:
        tag = str(container.get("image", "")).partition("@")[0].rpartition(":")[2]
        if re.fullmatch(r"v?\d+\.\d+\.\d+.*", tag):
            return tag.removeprefix("v")
    label = (part["metadata"].get("labels") or {}).get("app.kubernetes.io/version", "")
    return label.removeprefix("v") or None


def _finding(what: str, why: str, fix: str) -> Finding:
    return Finding(CODE, f"The Argo CD that is there {what}", why, (fix,))
