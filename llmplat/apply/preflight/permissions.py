"""What llmplat itself will read and make -> whether this identity may (SelfSubjectAccessReview)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from llmplat.apply.preflight.look import Look, missing
from llmplat.domain.errors import Finding
from llmplat.domain.inventory import NAMESPACE
from llmplat.plan.cluster.applications import ARGO_CD
from llmplat.plan.cluster.secrets import BACKEND_NAMESPACE

_AT_ONCE = 8


@dataclass(frozen=True)
class Permission:
    """One act on one kind; `namespace` None: in all of them, or a kind without."""

    verb: str
    group: str
    resource: str
    namespace: str | None = None

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        group = f".{self.group}" if self.group else ""
        return f"{self.verb} {self.resource}{group}{where}"


READS = (
    Permission("list", "", "nodes"),
    Permission("list", "", "pods"),
    Permission("list", "storage.k8s.io", "storageclasses"),
    Permission("list", "apiextensions.k8s.io", "customresourcedefinitions"),
    Permission("list", "apiregistration.k8s.io", "apiservices"),
    Permission("list", "argoproj.io", "applications", ARGO_CD),
    Permission("get", "", "configmaps", ARGO_CD),
    Permission("get", "", "configmaps", NAMESPACE),
    Permission("get", "", "secrets", BACKEND_NAMESPACE),
)
WRITES = (
    Permission("create", "", "namespaces"),
    *(Permission(verb, "", "configmaps", NAMESPACE) for verb in ("create", "patch", "delete")),
    *(
        Permission(verb, "coordination.k8s.io", "leases", NAMESPACE)
        for verb in ("get", "create", "update")
    ),
    *(
        Permission(verb, "argoproj.io", resource, ARGO_CD)
        for resource in ("applications", "appprojects")
        for verb in ("create", "patch", "delete")
    ),
)
"""Argo CD makes the rest, with its own account."""
INSTALLS = (
    Permission("create", "apiextensions.k8s.io", "customresourcedefinitions"),
    Permission("create", "rbac.authorization.k8s.io", "clusterroles"),
    Permission("create", "rbac.authorization.k8s.io", "clusterrolebindings"),
    Permission("create", "", "secrets", ARGO_CD),
    Permission("create", "apps", "deployments", ARGO_CD),
)
"""What installing Argo CD itself takes."""
LOGIN = (Permission("patch", "", "secrets", ARGO_CD),)
"""What giving Argo CD a login for its repository takes."""


def check_permissions(look: Look) -> Iterator[Finding]:
    """One finding for what may not be read, one for what may not be made."""
    writes = tuple(_writes(look))
    every = (*READS, *writes)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        allowed = list(pool.map(lambda one: _may(look, one), every))
    denied = [one for one, may in zip(every, allowed, strict=True) if not may]
    for word, asked in (("read", READS), ("make", writes)):
        those = [one for one in denied if one in asked]
        if those:
            first = those[0]
            where = f" -n {first.namespace}" if first.namespace else ""
            yield missing(
                f"You may not {word} what llmplat needs in this cluster.",
                f"not allowed: {', '.join(str(one) for one in those)}",
                f"kubectl --context {look.identity.context} auth can-i {first.verb} "
                f"{first.resource}{where}",
                "ask the cluster's owner for a role with these permissions",
            )


def _writes(look: Look) -> Iterator[Permission]:
    yield from WRITES
    if look.runs("argo-cd") and "argo-cd" not in look.ours:
        yield from INSTALLS
    if look.wanted.gitops.is_private:
        yield from LOGIN


def _may(look: Look, one: Permission) -> bool:
    return look.cluster.can(one.verb, one.group, one.resource, one.namespace)
