"""Controls as rendered -> whether each is in the cluster as it was meant."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llmplat.domain.cluster import PLATFORM, Cluster, Object
from llmplat.domain.quantity import is_same_quantity
from llmplat.plan.cluster.applications import ARGO_CD
from llmplat.plan.plan import Plan
from llmplat.render.objects import make_objects

_GROUPS = {
    "NetworkPolicy": "network policies",
    "ValidatingAdmissionPolicy": "admission policies",
    "ValidatingAdmissionPolicyBinding": "admission policies",
    "ResourceQuota": "quotas",
    "ClusterQueue": "quotas",
    "RoleBinding": "rights of tenants",
    "Role": "rights of tenants",
    "Namespace": "pod security",
}
_AMOUNTS = {"ResourceQuota", "ClusterQueue"}
_BODIES = ("spec", "rules", "subjects", "roleRef")
_SECURITY = "pod-security.kubernetes.io/"


def look_up(cluster: Cluster, plan: Plan) -> Iterator[tuple[str, str, bool | None, str]]:
    """Each kind of control once; every object of it that is missing or differs is named."""
    live: dict[tuple[str, str], dict[tuple[str | None, str], Object]] = {}
    found: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for thing in (it for those in make_objects(plan).values() for it in those):
        group = _GROUPS.get(thing["kind"])
        if group is None:
            continue
        key = (thing["apiVersion"], thing["kind"])
        if key not in live:
            live[key] = {_name(it): it for it in cluster.list(*key)}
        counts[group] = counts.get(group, 0) + 1
        wrong = _compare(thing, live[key].get(_name(thing)))
        if wrong:
            found.setdefault(group, []).append(f"{thing['kind']} {_told(thing)} {wrong}")
    for group, count in sorted(counts.items()):
        wrongs = found.get(group, [])
        yield (
            group,
            f"{group} as rendered",
            not wrongs,
            "; ".join(wrongs[:3]) or f"{count} in place",
        )
    yield from _projects(cluster, plan)


def _projects(cluster: Cluster, plan: Plan) -> Iterator[tuple[str, str, bool | None, str]]:
    """Projects that name what they allow, and Applications that use no other."""
    loose = []
    api = "argoproj.io/v1alpha1"
    for project in cluster.list(api, "AppProject", ARGO_CD, {PLATFORM: plan.platform}):
        spec = project["spec"]
        allowed = [*(spec.get("sourceRepos") or ())]
        allowed += [str(it.get("namespace")) for it in spec.get("destinations") or ()]
        for name in ("clusterResourceWhitelist", "namespaceResourceWhitelist"):
            allowed += [str(it.get("kind")) for it in spec.get(name) or ()]
        if any("*" in word for word in allowed):
            loose.append(project["metadata"]["name"])
    told = (
        f"open to anything: {', '.join(loose)}" if loose else "sources, namespaces and kinds named"
    )
    yield "GitOps", "projects are locked", not loose, told
    strays = [
        one["metadata"]["name"]
        for one in cluster.list(api, "Application", ARGO_CD, {PLATFORM: plan.platform})
        if not str(one["spec"].get("project")).startswith("llmplat-")
    ]
    told = f"in other projects: {', '.join(strays)}" if strays else "all in the platform's projects"
    yield "GitOps", "Applications keep to their projects", not strays, told


def _compare(wanted: Object, there: Object | None) -> str:
    """What is wrong, "" for nothing."""
    if there is None:
        return "is missing"
    if wanted["kind"] == "Namespace":
        labels = there["metadata"].get("labels") or {}
        asked = wanted["metadata"].get("labels") or {}
        differ = [k for k, v in asked.items() if k.startswith(_SECURITY) and labels.get(k) != v]
        return f"has another {differ[0]}" if differ else ""
    is_same = _is_as_much if wanted["kind"] in _AMOUNTS else _is_said
    differ = [
        name
        for name in _BODIES
        if name in wanted and not _has(there.get(name), wanted[name], is_same)
    ]
    return f"has another {differ[0]} than rendered" if differ else ""


def _has(there: Any, wanted: Any, is_same: Callable[[Any, Any], bool]) -> bool:  # noqa: ANN401 (JSON of any shape)
    """Whether all of `wanted` is there; the API server adds defaults, and leaves out what is empty."""
    if isinstance(wanted, Mapping):
        return isinstance(there or {}, Mapping) and all(
            _has((there or {}).get(key), value, is_same) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        others = there or []
        both = zip(others, wanted, strict=False)
        return len(others) == len(wanted) and all(_has(*pair, is_same) for pair in both)
    return is_same(there, wanted) or (not there and not wanted)


def _is_said(there: object, wanted: object) -> bool:
    return str(there) == str(wanted)


def _is_as_much(there: object, wanted: object) -> bool:
    """The API server spells amounts anew: 2000 comes back as 2k."""
    return _is_said(there, wanted) or is_same_quantity(there, wanted)


def _name(thing: Object) -> tuple[str | None, str]:
    return thing["metadata"].get("namespace"), thing["metadata"]["name"]


def _told(thing: Object) -> str:
    namespace, name = _name(thing)
    return f"{namespace}/{name}" if namespace else name
