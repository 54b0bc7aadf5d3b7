"""What our objects take for granted of a cluster: storage, network policies, pod security, images."""

from collections.abc import Iterator

from llmplat.apply.preflight.look import Look, missing, note, warning
from llmplat.catalog.versions import numbers_of
from llmplat.domain.cluster import ObjectRef
from llmplat.domain.errors import Finding
from llmplat.plan.cluster.delivery import IMAGE_VOLUME
from llmplat.render.namespaces import APPLICATION as NAMESPACES

_DEFAULT = "storageclass.kubernetes.io/is-default-class"
ENFORCERS = {
    "cilium": "Cilium",
    "anetd": "GKE Dataplane V2",
    "calico-node": "Calico",
    "antrea-agent": "Antrea",
    "kube-router": "kube-router",
    "weave-net": "Weave Net",
    "ovnkube-node": "OVN-Kubernetes",
    "aws-network-policy-agent": "the AWS network policy agent",
    "azure-npm": "Azure's network policy manager",
    "kindnet": "kindnet",
}
"""DaemonSets of network plug-ins that enforce NetworkPolicy."""
_MINOR_OF_IMAGE_VOLUMES = (1, 33)


def check_ground(look: Look) -> Iterator[Finding]:
    """Storage, network policies, pod security and image volumes, in that order."""
    yield from _storage(look)
    yield from _network(look)
    yield from _pod_security(look)
    yield from _image_volumes(look)


def _storage(look: Look) -> Iterator[Finding]:
    gateway = look.wanted.workloads.gateway
    if gateway is None:
        return
    classes = list(look.cluster.list("storage.k8s.io/v1", "StorageClass"))
    names = sorted(one["metadata"]["name"] for one in classes)
    wanted = look.platform.substrate.storage_class
    if wanted is not None and wanted not in names:
        yield missing(
            f"The cluster has no storage class {wanted!r}.",
            f"it has: {', '.join(names) or 'none'}",
            "set substrate.storageClass to one of them",
        )
    defaults = [one for one in classes if _is_default(one)]
    if wanted is None and not defaults:
        yield missing(
            "The cluster has no default storage class.",
            f"the counters keep their spend on a volume; there are: {', '.join(names) or 'none'}",
            "set substrate.storageClass to one of them" if names else "install a storage driver",
        )


def _is_default(one: dict[str, object]) -> bool:
    metadata = one["metadata"]
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return (annotations or {}).get(_DEFAULT) == "true"


def _network(look: Look) -> Iterator[Finding]:
    """There is no API that tells it: known plug-ins are looked for, else the file's word is taken."""
    sets = look.cluster.list("apps/v1", "DaemonSet")
    found = [ENFORCERS[n] for one in sets if (n := one["metadata"]["name"]) in ENFORCERS]
    said = (
        look.platform.substrate.cluster.abilities.network_policy
        if look.platform.substrate.cluster is not None
        else None
    )
    if found:
        yield note(
            f"Network policies are enforced by {found[0]}.",
            "known by its DaemonSet; Kubernetes itself does not tell",
        )
    elif said:
        yield note(
            "Network policies are taken to be enforced, because the file says so.",
            "no network plug-in that llmplat knows runs here",
        )
    else:
        yield warning(
            "Whether network policies are enforced here is not known.",
            "Kubernetes does not tell, and none of the plug-ins that llmplat knows runs as a "
            "DaemonSet; without enforcement every pod reaches every engine",
            "substrate.cluster.abilities: {networkPolicy: true} once you know that they are",
        )


def _pod_security(look: Look) -> Iterator[Finding]:
    """Namespaces of ours that are there already and forbid what we run, or are somebody else's."""
    for namespace in sorted({one.namespace for one in look.wanted.applications}):
        found = look.cluster.get(ObjectRef("v1", "Namespace", None, namespace))
        labels = (found or {}).get("metadata", {}).get("labels") or {}
        level = labels.get("pod-security.kubernetes.io/enforce")
        needed = _needs_privilege(look, namespace)
        if level in {"baseline", "restricted"} and needed == "privileged":
            yield missing(
                f"The namespace {namespace} forbids what runs in it.",
                f"Pod Security enforces {level} there; its component needs privileged",
                f"kubectl label namespace {namespace} "
                "pod-security.kubernetes.io/enforce=privileged --overwrite",
            )
        elif found is not None and found["metadata"].get("deletionTimestamp"):
            yield missing(
                f"The namespace {namespace} is being deleted.",
                "what is made in it is refused until it is gone",
                f"kubectl get namespace {namespace} -o yaml",
            )


def _needs_privilege(look: Look, namespace: str) -> str:
    here = [one.component for one in look.wanted.applications if one.namespace == namespace]
    levels = {look.catalog.components[name].pod_security for name in here if name != NAMESPACES}
    return "privileged" if "privileged" in levels else "baseline"


def _image_volumes(look: Look) -> Iterator[Finding]:
    """A runtime that cannot mount an image says so only when the first pod fails."""
    engines = look.wanted.workloads.engines
    if not any(engine.delivery.mode == IMAGE_VOLUME for engine in engines):
        return
    runtimes = {
        str(((node.get("status") or {}).get("nodeInfo") or {}).get("containerRuntimeVersion", ""))
        for node in look.nodes
    }
    old = sorted(one for one in runtimes if _too_old(one))
    if old:
        yield missing(
            "The nodes' container runtime cannot mount an image as a volume.",
            f"{', '.join(old)}; containerd 2.1 or CRI-O 1.31 can, and a model is to come that way",
            "models[].delivery: fetch",
            "or update the nodes",
        )


def _too_old(runtime: str) -> bool:
    name, _, version = runtime.partition("://")
    oldest = {"containerd": (2, 1), "cri-o": (1, 31)}.get(name)
    numbers = numbers_of(version)[:2]
    return oldest is not None and len(numbers) == 2 and numbers < oldest
