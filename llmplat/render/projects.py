"""Applications and their objects -> an AppProject for each layer, locked to exactly what it needs."""

from collections.abc import Mapping, Sequence
from typing import Any

from llmplat.catalog.entries import Catalog
from llmplat.plan.cluster.applications import PlannedApplication
from llmplat.plan.cluster.cluster import ClusterPlan
from llmplat.plan.plan import Plan
from llmplat.render.argocd import make_project
from llmplat.render.kinds import kind_of

Objects = Mapping[str, Sequence[Mapping[str, Any]]]


def make_projects(
    plan: Plan, cluster: ClusterPlan, catalog: Catalog, objects: Objects
) -> dict[str, dict[str, Any]]:
    """Layer -> its AppProject; `objects` are those of each Application by its name."""
    made = {}
    for layer in plan.layers:
        mine = [one for one in cluster.applications if one.layer == layer.name]
        if mine:
            made[layer.name] = make_project(
                plan.platform,
                layer.name,
                layer.purpose,
                _sources(mine, cluster),
                _namespaces(mine, catalog, objects),
                _kinds(mine, catalog, objects),
            )
    return made


def _sources(mine: Sequence[PlannedApplication], cluster: ClusterPlan) -> set[str]:
    return {one.chart.address if one.chart else cluster.gitops.url for one in mine}


def _namespaces(mine: Sequence[PlannedApplication], catalog: Catalog, objects: Objects) -> set[str]:
    named = {one.namespace for one in mine}
    named |= {
        n for one in mine if one.chart for n in catalog.components[one.component].kinds_elsewhere
    }
    return named | {
        item["metadata"]["namespace"]
        for one in mine
        for item in objects[one.name]
        if "namespace" in item["metadata"]
    }


def _kinds(
    mine: Sequence[PlannedApplication], catalog: Catalog, objects: Objects
) -> tuple[set[str], set[str]]:
    """Cluster-wide kinds and kinds with a namespace: the makers' and our own."""
    theirs = [catalog.components[one.component].kinds for one in mine if one.model is None]
    cluster = {kind for kinds in theirs for kind in kinds.cluster}
    namespaced = {kind for kinds in theirs for kind in kinds.namespaced}
    for one in mine:
        for item in objects[one.name]:
            has_namespace = "namespace" in item["metadata"]
            (namespaced if has_namespace else cluster).add(kind_of(item))
    return cluster, namespaced
