"""Owners -> their namespaces: security level, quota, rights, walls; and those of the platform itself."""

from llmplat.plan.cluster import gateway, policies, routing
from llmplat.plan.cluster.claims import DEVICE_CLASS
from llmplat.plan.cluster.flavors import GPU_RESOURCE
from llmplat.plan.cluster.owners import Owner
from llmplat.plan.cluster.secrets import BACKEND_NAMESPACE
from llmplat.plan.cluster.workloads import Workloads
from llmplat.render.objects.containers import PORT
from llmplat.render.objects.network import go_to, make_policy, make_walls, pods_in
from llmplat.render.objects.shape import (
    BY_DIGEST,
    OWNER,
    ROLE,
    Object,
    make_metadata,
    make_object,
)

MOST_PODS = 500
_LEVEL = "pod-security.kubernetes.io/"
_KEEP = {"argocd.argoproj.io/sync-options": "Prune=confirm,Delete=confirm"}
_DIGEST = {BY_DIGEST: "by-digest"}

_WORK = ("get", "list", "watch", "create", "update", "patch", "delete")
_LOOK = ("get", "list", "watch")
TENANT_RULES: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (("",), ("pods", "services", "configmaps", "persistentvolumeclaims", "serviceaccounts"), _WORK),
    (("",), ("pods/log", "pods/status", "events", "resourcequotas", "limitranges"), _LOOK),
    (("apps",), ("deployments", "replicasets", "statefulsets"), _WORK),
    (("batch",), ("jobs", "cronjobs"), _WORK),
    (("policy",), ("poddisruptionbudgets",), _WORK),
    (("networking.k8s.io",), ("networkpolicies",), _LOOK),
    (("kueue.x-k8s.io",), ("localqueues", "workloads"), _LOOK),
    (("keda.sh",), ("scaledobjects",), _LOOK),
    (("gateway.networking.k8s.io",), ("httproutes",), _LOOK),
    (("inference.networking.k8s.io",), ("inferencepools",), _LOOK),
)  # fmt: skip
"""What a tenant's people may do: like `edit`, without secrets, exec, port-forward and quotas."""


def make_namespaces(platform: str, plan: Workloads) -> tuple[Object, ...]:
    """Every namespace of ours with all that guards it."""
    found: list[Object] = []
    for owner in plan.owners:
        found += _owner_objects(platform, owner, plan)
    for name, level in platform_namespaces(plan):
        labels = _DIGEST if name == gateway.NAMESPACE else None
        found.append(make_namespace(platform, name, level, labels))
        found += make_walls(platform, name)
    return tuple(found)


def platform_namespaces(plan: Workloads) -> tuple[tuple[str, str], ...]:
    """(name, security level) of the namespaces that are no owner's."""
    names = [(policies.SYSTEM_NAMESPACE, "restricted")]
    if plan.secrets.store.backend == "kubernetes":
        names.append((BACKEND_NAMESPACE, "restricted"))
    if plan.routing is not None:
        names.append((routing.NAMESPACE, "restricted"))
    if plan.gateway is not None:
        names.append((gateway.NAMESPACE, "restricted"))
    if plan.gateway is not None and plan.routing is not None and plan.gateway.entry.domain:
        names.append((gateway.EDGE, "restricted"))
    return tuple(names)


def make_namespace(
    platform: str, name: str, level: str, labels: dict[str, str] | None = None
) -> Object:
    """A namespace with its pod security level."""
    security = {_LEVEL + mode: level for mode in ("enforce", "audit", "warn")}
    metadata = make_metadata(platform, name, None, {**(labels or {}), **security}, _KEEP)
    return make_object("v1", "Namespace", metadata)


def _owner_objects(platform: str, owner: Owner, plan: Workloads) -> list[Object]:
    found = [
        make_namespace(platform, owner.namespace, "restricted", {OWNER: owner.name, **_DIGEST}),
        _quota(platform, owner, plan),
        _defaults(platform, owner),
        _role(platform, owner),
        _binding(platform, owner),
        *make_walls(platform, owner.namespace),
    ]
    if plan.gateway is not None:
        found.append(_way_to_gateway(platform, owner))
    return found


def _quota(platform: str, owner: Owner, plan: Workloads) -> Object:
    """A ceiling on what may be asked for; who gets it when is the queue's business.

    GPUs: all there are, since an owner may borrow what others leave. Nothing may open a way in.
    """
    hard = {
        f"requests.{GPU_RESOURCE}": str(plan.queues.supply),
        "pods": str(MOST_PODS),
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }
    if plan.queues.is_claimed:
        hard[f"{DEVICE_CLASS}.deviceclass.resource.k8s.io/devices"] = str(plan.queues.supply)
    metadata = make_metadata(platform, "owner", owner.namespace)
    return make_object("v1", "ResourceQuota", metadata, spec={"hard": hard})


def _defaults(platform: str, owner: Owner) -> Object:
    """What a container gets that asks for nothing."""
    limit = {
        "type": "Container",
        "default": {"memory": "512Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "128Mi"},
    }
    metadata = make_metadata(platform, "owner", owner.namespace)
    return make_object("v1", "LimitRange", metadata, spec={"limits": [limit]})


def _role(platform: str, owner: Owner) -> Object:
    rules = [
        {"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs)}
        for groups, resources, verbs in TENANT_RULES
    ]
    metadata = make_metadata(platform, "tenant", owner.namespace)
    return make_object("rbac.authorization.k8s.io/v1", "Role", metadata, rules=rules)


def _binding(platform: str, owner: Owner) -> Object:
    rbac = "rbac.authorization.k8s.io"
    return make_object(
        f"{rbac}/v1",
        "RoleBinding",
        make_metadata(platform, "tenant", owner.namespace),
        subjects=[{"kind": "Group", "name": owner.group, "apiGroup": rbac}],
        roleRef={"apiGroup": rbac, "kind": "Role", "name": "tenant"},
    )


def _way_to_gateway(platform: str, owner: Owner) -> Object:
    """What runs beside the models may call them as any team does: through the gateway."""
    to = pods_in(gateway.NAMESPACE, {ROLE: "gateway"})
    not_ours = {"matchExpressions": [{"key": ROLE, "operator": "DoesNotExist"}]}
    return make_policy(
        platform,
        "allow-llm-gateway",
        owner.namespace,
        None,
        selector=not_ours,
        egress=[go_to([to], PORT)],
    )
