"""Planned Applications -> Argo CD's own objects: the root, a project for each layer, the children."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from llmplat.domain.oci import canonical_json
from llmplat.plan.cluster.applications import ARGO_CD, PROJECT, PlannedApplication
from llmplat.plan.cluster.gitops import GitopsPlan
from llmplat.render.health import health_scripts

SERVER = "https://kubernetes.default.svc"
CONTENT_HASH = "llmplat.dev/content-hash"
CHART_DIGEST = "llmplat.dev/chart-digest"
HOSTS = "llmplat.dev/hosts"
WAVE = "argocd.argoproj.io/sync-wave"
SYNC_OPTIONS = "argocd.argoproj.io/sync-options"
CONFIRM = "Prune=confirm,Delete=confirm"
ROOT = "root"
ROOT_PROJECT = f"{PROJECT}{ROOT}"
FINALIZER = "resources-finalizer.argocd.argoproj.io"
_COMPARE = {"argocd.argoproj.io/compare-options": "ServerSideDiff=true"}
_SYNC = ("ServerSideApply=true", "FailOnSharedResource=true", "Validate=false")
"""An apply by the server refuses a field no schema knows; the client's own check would only read all
of the server's OpenAPI anew for each object, half of Argo CD's time."""
_RETRY = {"limit": 10, "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"}}


def make_root(
    platform: str, gitops: GitopsPlan, source: Mapping[str, Any], hosts: Iterable[str] = ()
) -> tuple[dict[str, Any], ...]:
    """What starts everything: the root's own project, then the root Application.

    `hosts` are all that may be reached from behind a mirror; checks read them off the project.
    """
    allowed = " ".join(hosts)
    project = _project(
        platform,
        ROOT,
        purpose="Applications and projects of this platform, nothing else.",
        sources=[gitops.url],
        namespaces=[ARGO_CD],
        cluster=[],
        namespaced=["argoproj.io/AppProject", "argoproj.io/Application"],
        annotations={HOSTS: allowed} if allowed else None,
    )
    annotations = dict(_COMPARE)
    application = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": _metadata(platform, ROOT, annotations),
        "spec": _spec(ROOT_PROJECT, ARGO_CD, source),
    }
    return project, application


def make_settings() -> dict[str, Any]:
    """What argocd-cm of an adopted Argo CD must hold for waves to wait; laid over what it has."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": ARGO_CD},
        "data": dict(health_scripts()),
    }


def make_project(
    platform: str,
    layer: str,
    purpose: str,
    sources: Iterable[str],
    namespaces: Iterable[str],
    kinds: tuple[Iterable[str], Iterable[str]],
) -> dict[str, Any]:
    """The project of a layer: exactly these sources, namespaces and kinds ("group/Kind")."""
    cluster, namespaced = kinds
    return _project(
        platform,
        layer,
        purpose=purpose,
        sources=sources,
        namespaces=namespaces,
        cluster=cluster,
        namespaced=namespaced,
        annotations={WAVE: "-1"},
    )


def make_application(
    platform: str, planned: PlannedApplication, source: Mapping[str, Any]
) -> dict[str, Any]:
    """One child: its source names its content by hash, so that the root sees every change."""
    annotations = {**_COMPARE, WAVE: str(planned.wave), CONTENT_HASH: hash_of(source)}
    if planned.chart is not None:
        annotations[CHART_DIGEST] = planned.chart.digest
    if planned.holds_data:
        annotations[SYNC_OPTIONS] = CONFIRM
    metadata = _metadata(platform, planned.name, annotations)
    metadata["labels"] |= {
        "llmplat.dev/component": planned.component,
        "llmplat.dev/layer": planned.layer,
        **({"llmplat.dev/model": planned.model} if planned.model else {}),
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": metadata,
        "spec": _spec(planned.project, planned.namespace, source),
    }


def chart_source(planned: PlannedApplication, values: Mapping[str, Any]) -> dict[str, Any]:
    """Where a chart is and the values it gets; by digest where the registry can be asked for one."""
    chart = planned.chart
    assert chart is not None  # noqa: S101 (only called for charts)
    helm = {"releaseName": planned.name, "valuesObject": dict(values)}
    if chart.is_oci:
        return {
            "repoURL": chart.address,
            "targetRevision": chart.digest,
            "path": ".",
            "helm": helm,
        }
    return {
        "repoURL": chart.address,
        "chart": chart.name,
        "targetRevision": chart.version,
        "helm": helm,
    }


def hash_of(source: Mapping[str, Any]) -> str:
    """SHA-256 of what an Application follows, values included."""
    return f"sha256:{hashlib.sha256(canonical_json(source)).hexdigest()}"


def _spec(project: str, namespace: str, source: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "project": project,
        "destination": {"server": SERVER, "namespace": namespace},
        "source": dict(source),
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True},
            "syncOptions": list(_SYNC),
            "retry": _RETRY,
        },
    }


def _project(  # noqa: PLR0913 (as make_project)
    platform: str,
    layer: str,
    *,
    purpose: str,
    sources: Iterable[str],
    namespaces: Iterable[str],
    cluster: Iterable[str],
    namespaced: Iterable[str],
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": _metadata(platform, f"{PROJECT}{layer}", annotations or {}, is_kept=False),
        "spec": {
            "description": purpose,
            "sourceRepos": sorted(set(sources)),
            "destinations": [
                {"server": SERVER, "namespace": namespace} for namespace in sorted(set(namespaces))
            ],
            "clusterResourceWhitelist": _kinds(cluster),
            "namespaceResourceWhitelist": _kinds(namespaced),
        },
    }


def _kinds(names: Iterable[str]) -> list[dict[str, str]]:
    pairs = (name.rpartition("/") for name in sorted(set(names)))
    return [{"group": group, "kind": kind} for group, _, kind in pairs]


def _metadata(
    platform: str, name: str, annotations: Mapping[str, str], *, is_kept: bool = True
) -> dict[str, Any]:
    """`is_kept`: it is gone only after what it made is gone."""
    return {
        "name": name,
        "namespace": ARGO_CD,
        "labels": labels_of(platform, name),
        **({"annotations": dict(annotations)} if annotations else {}),
        **({"finalizers": [FINALIZER]} if is_kept else {}),
    }


def labels_of(platform: str, name: str) -> dict[str, str]:
    """Labels of all our objects."""
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": "llmplat",
        "app.kubernetes.io/managed-by": "llmplat",
        "llmplat.dev/platform": platform,
    }
