"""Kinds and APIs that components bring -> who has brought them already, and at which version."""

from collections.abc import Iterator
from dataclasses import dataclass

from llmplat.apply.preflight.look import Look, missing, note
from llmplat.domain.cluster import PLATFORM, Object, ObjectRef
from llmplat.domain.errors import Finding

TRACKING = "argocd.argoproj.io/tracking-id"
_HELM = "meta.helm.sh/release-name"
_METRICS = ObjectRef(
    "apiregistration.k8s.io/v1", "APIService", None, "v1beta1.external.metrics.k8s.io"
)


@dataclass(frozen=True)
class Brought:
    """API groups whose kinds a component's chart brings."""

    component: str
    groups: tuple[str, ...]
    versions: tuple[str, ...]
    """Those that our objects are written in, one for each group."""


BROUGHT = (
    Brought("gateway-api", ("gateway.networking.k8s.io",), ("v1",)),
    Brought("inference-pool", ("inference.networking.k8s.io",), ("v1",)),
    Brought("kueue", ("kueue.x-k8s.io",), ("v1beta2",)),
    Brought("external-secrets", ("external-secrets.io",), ("v1",)),
    Brought("cert-manager", ("cert-manager.io",), ("v1",)),
    Brought("prometheus-operator-crds", ("monitoring.coreos.com",), ("v1",)),
    Brought("keda", ("keda.sh",), ("v1alpha1",)),
    Brought("agentgateway-crds", ("agentgateway.dev",), ("v1alpha1",)),
    Brought("gpu-operator", ("nvidia.com",), ("v1",)),
    Brought("kserve-crd", ("serving.kserve.io",), ("v1beta1",)),
    Brought("leader-worker-set", ("leaderworkerset.x-k8s.io",), ("v1",)),
    Brought("cloudnative-pg", ("postgresql.cnpg.io",), ("v1",)),
)


def check_owners(look: Look) -> Iterator[Finding]:
    """A finding for each group that somebody else brought and the plan would bring again."""
    for brought in BROUGHT:
        for group, version in zip(brought.groups, brought.versions, strict=True):
            yield from _check_group(look, brought.component, group, version)
    yield from _check_metrics(look)


def _check_group(look: Look, component: str, group: str, version: str) -> Iterator[Finding]:
    if component in look.ours:
        return  # Argo CD puts no mark on kinds; that our own Application is there says enough
    there = [crd for crd in look.crds if crd["spec"]["group"] == group]
    strangers = sorted({owner for crd in there if (owner := _owner(crd, look)) is not None})
    if not there or not strangers:
        return
    served = sorted({v["name"] for crd in there for v in crd["spec"]["versions"] if v["served"]})
    who = f"{len(there)} kinds of {group} ({', '.join(served)}) by {', '.join(strangers)}"
    if look.runs(component):
        yield missing(
            f"The component {component} is in the cluster already.",
            f"{who}; two would overwrite each other",
            f"components: {{{component}: {{enabled: false}}}} to use what is there",
            f"or remove it: kubectl get crd | grep {group}",
        )
    elif version not in served:
        yield missing(
            f"What the cluster has of {group} is too old or too new.",
            f"{who}; the platform's objects are written in {version}",
            f"update it to one that serves {group}/{version}",
        )
    else:
        yield note(f"{group} is there already and is used.", who)


def _check_metrics(look: Look) -> Iterator[Finding]:
    """Only one may answer for external metrics in a whole cluster."""
    found = look.cluster.get(_METRICS)
    owner = _owner(found, look) if found is not None else None
    if found is not None and owner is not None and look.runs("keda") and "keda" not in look.ours:
        service = (found.get("spec") or {}).get("service") or {}
        yield missing(
            "External metrics of the cluster are answered by somebody else.",
            f"{_METRICS.name} leads to {service.get('namespace')}/{service.get('name')} ({owner}); "
            "KEDA needs it for itself",
            "components: {keda: {enabled: false}} to use a KEDA that is there",
            "or remove the other adapter",
        )


def _owner(thing: Object, look: Look) -> str | None:
    """Who made it; None where it was this platform."""
    metadata = thing["metadata"]
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    tracked = str(annotations.get(TRACKING, "")).partition(":")[0]
    if labels.get(PLATFORM) == look.plan.platform or tracked in look.ours:
        return None
    if tracked:
        return f"the Argo CD Application {tracked}"
    if _HELM in annotations:
        return f"the Helm release {annotations[_HELM]}"
    by = labels.get("app.kubernetes.io/managed-by") or labels.get("addonmanager.kubernetes.io/mode")
    return str(by) if by else "somebody else"
