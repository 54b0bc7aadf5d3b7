"""The Argo CD that is there, and whether the names of our Applications are free."""

from collections.abc import Iterator

from llmplat.apply.argocd_adopt import NO_ARGO_CD, check_argocd, find_argocd
from llmplat.apply.argocd_install import FOREIGN, is_ours
from llmplat.apply.preflight.look import Look, missing, note
from llmplat.domain.cluster import PLATFORM
from llmplat.domain.errors import Finding
from llmplat.plan.cluster.applications import ARGO_CD
from llmplat.render.argocd import ROOT, ROOT_PROJECT

_APPLICATION = "argoproj.io/v1alpha1"


def check_delivery(look: Look) -> Iterator[Finding]:
    """Nothing for an Argo CD that may be adopted, and names that are free or ours."""
    found = find_argocd(look.cluster)
    if found is None and look.runs("argo-cd"):
        yield note(
            "There is no Argo CD in the cluster, so one is installed.",
            "infra/bootstrap makes it once; from its first sync it keeps itself",
        )
        return
    if found is None:
        yield missing(
            "There is no Argo CD in the cluster.", "nothing is in the namespace argocd", *NO_ARGO_CD
        )
        return
    is_own = is_ours(look.inventory) or "argo-cd" in look.ours
    if not is_own:
        yield from check_argocd(found, look.cluster)
    if look.runs("argo-cd") and not is_own:
        yield FOREIGN
    elif not look.runs("argo-cd"):
        yield note(
            f"The Argo CD {found.version or ''} that is there is adopted.".replace("  ", " "),
            "it is not changed, and stays when the platform is taken down",
        )
    yield from _taken(look)


def _taken(look: Look) -> Iterator[Finding]:
    """Names of ours that somebody else uses in the namespace argocd."""
    applications = {ROOT, *(one.name for one in look.wanted.applications)}
    projects = {ROOT_PROJECT, *(one.project for one in look.wanted.applications)}
    for kind, names in (("Application", applications), ("AppProject", projects)):
        for thing in look.cluster.list(_APPLICATION, kind, ARGO_CD):
            name = thing["metadata"]["name"]
            owner = (thing["metadata"].get("labels") or {}).get(PLATFORM)
            if name in names and owner != look.plan.platform:
                yield missing(
                    f"The {kind} {ARGO_CD}/{name} is somebody else's.",
                    f"its platform is {owner!r}, this one is {look.plan.platform!r}"
                    if owner
                    else "llmplat did not make it",
                    f"kubectl -n {ARGO_CD} get {kind.lower()} {name} -o yaml",
                    "rename it, or give this platform a cluster of its own",
                )
