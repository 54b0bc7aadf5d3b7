"""A platform as it lives in a LivingCluster, with neighbours that look like it."""

from typing import Any

from llmplat.domain.cluster import Object, ObjectRef, ref_of
from llmplat.domain.inventory import REF, Inventory, labels_of, manifest_of
from tests.fakes.cluster import served_by
from tests.fakes.living_cluster import CASCADE, SYNC_OPTIONS, LivingCluster

NAME = "two-teams"
GATEWAY_API = "gateway.networking.k8s.io/v1"
CONFIRM = "Prune=confirm,Delete=confirm"


def thing(
    api_version: str,
    kind: str,
    name: str,
    namespace: str | None = None,
    *,
    platform: str | None = NAME,
    **more: Any,
) -> Object:
    """One object, labelled as the platform's unless told otherwise."""
    metadata: Object = {"name": name, **more.pop("metadata", {})}
    if namespace:
        metadata["namespace"] = namespace
    if platform:
        metadata["labels"] = {**labels_of(platform), **metadata.get("labels", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}


def application(
    name: str, wave: int, held: list[Object], *, layer: str = "platform", data: bool = False
) -> Object:
    """A child that holds `held`; the root when `layer` is ""."""
    annotations = {"argocd.argoproj.io/sync-wave": str(wave)}
    if data:
        annotations[SYNC_OPTIONS] = CONFIRM
    labels = {"llmplat.dev/layer": layer, "llmplat.dev/component": name} if layer else {}
    return thing(
        "argoproj.io/v1alpha1",
        "Application",
        name,
        "argocd",
        metadata={"labels": labels, "annotations": annotations, "finalizers": [CASCADE]},
        spec={
            "project": "llmplat-root",
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
        status={"resources": [_resource(it) for it in held]},
    )


def _resource(it: Object) -> Object:
    group, _, version = it["apiVersion"].rpartition("/")
    space = it["metadata"].get("namespace")
    found = {"group": group, "version": version, "kind": it["kind"], "name": it["metadata"]["name"]}
    return found | ({"namespace": space} if space else {})


def namespace(name: str, **more: Any) -> Object:
    """One of ours, which Argo CD removes only after a yes."""
    metadata = {"annotations": {SYNC_OPTIONS: CONFIRM}}
    return thing("v1", "Namespace", name, metadata=metadata, **more)


def platform_objects() -> dict[str, tuple[int, str, list[Object]]]:
    """Application -> (wave, layer, what it made)."""
    service = {"type": "LoadBalancer"}
    counters = thing(
        "apps/v1", "StatefulSet", "counters", "llm-gateway",
        spec={
            "selector": {"matchLabels": {"llmplat.dev/role": "counters"}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
        },
        metadata={"annotations": {SYNC_OPTIONS: CONFIRM}},
    )  # fmt: skip
    chart = thing("apps/v1", "Deployment", "keda-operator", "keda", platform=None)
    crd = thing(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", "scaledobjects.keda.sh",
        platform=None,
    )  # fmt: skip
    return {
        "namespaces": (0, "platform", [namespace("llm-gateway"), namespace("keda"), namespace("edge"), namespace("llmplat-system")]),
        "keda": (1, "platform", [chart, crd]),
        "model-writer": (2, "serving", [
            namespace("models-team-a"),
            thing("apps/v1", "Deployment", "writer", "models-team-a"),
        ]),
        "routing": (3, "routing", [
            thing(GATEWAY_API, "Gateway", "edge", "edge"),
            thing(GATEWAY_API, "HTTPRoute", "api", "edge"),
        ]),
        "llm-gateway": (4, "llm-gateway", [
            thing("v1", "Service", "llm-gateway", "llm-gateway", spec=service), counters,
        ]),
    }  # fmt: skip


def claim() -> Object:
    """Of the counters, as Kubernetes makes it."""
    return thing(
        "v1", "PersistentVolumeClaim", "data-counters-0", "llm-gateway", platform=None,
        metadata={"labels": {"llmplat.dev/role": "counters"}},
        spec={"resources": {"requests": {"storage": "10Gi"}}},
    )  # fmt: skip


def neighbours() -> list[Object]:
    """What is near the platform and not the platform's."""
    balancer = {"type": "LoadBalancer"}
    return [
        thing("v1", "Namespace", "llm-gateway-2", platform=None),
        thing("v1", "Service", "llm-gateway", "llm-gateway-2", platform=None, spec=balancer),
        thing(GATEWAY_API, "Gateway", "edge", "llm-gateway-2", platform="another"),
        thing("v1", "PersistentVolumeClaim", "data-counters-0", "llm-gateway-2", platform=None),
        # Inside a namespace of ours, made by a team.
        thing("v1", "ConfigMap", "notes", "models-team-a", platform=None),
        thing("v1", "Service", "demo", "models-team-a", platform=None, spec=balancer),
        thing("v1", "PersistentVolumeClaim", "scratch", "models-team-a", platform=None),
        thing("argoproj.io/v1alpha1", "Application", "llm-gateway-other", "argocd", platform=None),
        thing("argoproj.io/v1alpha1", "Application", "routing-b", "argocd", platform="another"),
    ]


def live_platform(*, is_adopted: bool = True) -> LivingCluster:
    """The platform, healthy, and its neighbours."""
    cluster = LivingCluster()
    parts = platform_objects()
    for _, _, held in parts.values():
        cluster.manage(*held)
    children = [
        application(name, wave, held, layer=layer, data=name == "llm-gateway")
        for name, (wave, layer, held) in parts.items()
    ]
    project = thing("argoproj.io/v1alpha1", "AppProject", "llmplat-platform", "argocd")
    cluster.manage(*children, project)
    cluster.put(
        application("root", 0, [*children, project], layer=""),
        thing("argoproj.io/v1alpha1", "AppProject", "llmplat-root", "argocd"),
    )
    secret = thing("v1", "Secret", "llmplat-repository", "argocd")
    made = [ref_of(secret), ObjectRef("v1", "Namespace", None, "llmplat-system")]
    adopted = ("argocd",) if is_adopted else ()
    inventory = Inventory(NAME, profile="llm-gateway", made=tuple(made), adopted=adopted)
    cluster.put(
        secret,
        thing("v1", "Namespace", "argocd", platform=None),
        manifest_of(inventory),
        claim(),
        *neighbours(),
    )
    cluster.served += served_by(*(it for _, _, held in parts.values() for it in held))
    cluster.served = list(dict.fromkeys(cluster.served))
    assert REF in cluster.objects
    return cluster
