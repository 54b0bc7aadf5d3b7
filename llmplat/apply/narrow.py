"""A tree with less in it than the cluster holds -> exactly that is removed, the last wave first.

Argo CD alone would wait for a yes that nobody is asked for (what holds data carries Prune=confirm),
and would take namespaces with whatever others put into them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import yaml

from llmplat.apply.down_scope import (
    KeptNamespace,
    Volume,
    find_kept,
    find_volumes,
    is_argo_cd,
    our_namespaces,
)
from llmplat.apply.gitops_hold import hold, is_let_go, keep_volume, let_go
from llmplat.apply.going import Patience, remove
from llmplat.apply.owned import APPLICATION_API, Application, Owned, find_owned
from llmplat.domain.cluster import MANAGED_BY, PLATFORM, Cluster, ObjectRef, ref_of
from llmplat.domain.errors import InputError
from llmplat.domain.ports import Progress
from llmplat.plan.cluster.applications import ARGO_CD, PROJECT
from llmplat.render.tree import Tree

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Narrowing:
    """What the cluster holds of the platform and the new tree does not; falsy when that is nothing."""

    platform: str
    applications: tuple[Application, ...]
    """In the order in which they go."""
    projects: tuple[str, ...]
    namespaces: tuple[str, ...]
    """Those that go."""
    kept: tuple[KeptNamespace, ...]
    """Those that are let go of: others or data are in them."""
    volumes: tuple[Volume, ...]
    """Data that stays."""
    owned: Owned = field(repr=False)

    def __bool__(self) -> bool:
        return bool(self.applications or self.projects or self.namespaces or self.kept)

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers that are left out as a whole, the highest first."""
        names = dict.fromkeys(one.layer for one in self.applications)
        return tuple(name for name in names if f"{PROJECT}{name}" in self.projects)


@dataclass(frozen=True)
class _Wanted:
    """Names in the new tree."""

    applications: frozenset[str]
    projects: frozenset[str]
    namespaces: frozenset[str]


def find_narrowing(cluster: Cluster, platform: str, tree: Tree) -> Narrowing:
    """What applying `tree` leaves out of what is there; nothing is changed."""
    owned, wanted = find_owned(cluster, platform), _wanted(tree)
    leaving = [
        one
        for one in sorted(owned.children, key=lambda it: (-it.wave, it.name))
        if one.name not in wanted.applications and not is_argo_cd(one)
    ]
    spaces = (it for it in our_namespaces(owned) if not is_let_go(it))
    names = {it["metadata"]["name"] for it in spaces} - wanted.namespaces - {ARGO_CD}
    held = {ref for one in leaving for ref in one.held}
    volumes = [
        it
        for it in find_volumes(owned)
        if it.ref in held or it.of in held or it.ref.namespace in names
    ]
    kept = tuple(find_kept(owned, frozenset(names), volumes)) if names else ()
    return Narrowing(
        platform=platform,
        applications=tuple(leaving),
        projects=tuple(sorted(_projects(cluster, platform) - wanted.projects)),
        namespaces=tuple(sorted(names - {one.name for one in kept})),
        kept=kept,
        volumes=tuple(volumes),
        owned=owned,
    )


def refuse_narrowing(narrowing: Narrowing) -> None:
    """InputError: nobody agreed to remove what the file leaves out."""
    names = [one.name for one in narrowing.applications] or [*narrowing.namespaces]
    raise InputError(
        f"The file leaves out what the cluster holds of {narrowing.platform}: {', '.join(names)}.",
        "removing it needs a yes, and nobody was there to give one",
        ("llmplat up --dry-run", "llmplat up --yes"),
    )


def narrow(
    narrowing: Narrowing, progress: Progress, patience: Patience | None = None
) -> tuple[str, ...]:
    """Remove what `narrowing` found and say what went; applying the root afterwards turns Argo CD on again.

    To be called by whoever holds the platform. A broken run is continued by finding and narrowing
    again. Raises TimedOutError naming an object that does not go.
    """
    cluster, owned = narrowing.owned.cluster, narrowing.owned
    patience = patience or Patience()
    hold(cluster, _to_hold(narrowing), patience)
    for volume in narrowing.volumes:
        keep_volume(owned, volume)
    for one in narrowing.kept:
        let_go(cluster, _namespace(one.name))
    for title, refs in _steps(narrowing):
        if refs:
            with progress.step(title) as told:
                remove(cluster, refs, patience, told)
    return tuple(str(ref) for _, refs in _steps(narrowing) for ref in refs)


def _steps(narrowing: Narrowing) -> Iterator[tuple[str, tuple[ObjectRef, ...]]]:
    for wave in sorted({one.wave for one in narrowing.applications}, reverse=True):
        mine = [one for one in narrowing.applications if one.wave == wave]
        layers = ", ".join(sorted({one.layer for one in mine}))
        yield f"remove {layers}, wave {wave}", tuple(one.ref for one in mine)
    yield "remove namespaces", tuple(_namespace(name) for name in narrowing.namespaces)
    projects = (
        ObjectRef(APPLICATION_API, "AppProject", ARGO_CD, name) for name in narrowing.projects
    )
    yield "remove projects", tuple(projects)


def _to_hold(narrowing: Narrowing) -> Iterator[Application]:
    """The root, what leaves, and whoever would make the leaving namespaces again."""
    leaving = {one.name for one in narrowing.applications}
    spaces = {_namespace(name) for name in narrowing.namespaces}
    spaces |= {_namespace(one.name) for one in narrowing.kept}
    for one in narrowing.owned.applications:
        if not one.layer or one.name in leaving or spaces & set(one.held):
            yield one


def _namespace(name: str) -> ObjectRef:
    return ObjectRef("v1", "Namespace", None, name)


def _projects(cluster: Cluster, platform: str) -> set[str]:
    labels = {PLATFORM: platform, MANAGED_BY: "llmplat"}
    found = cluster.list(APPLICATION_API, "AppProject", ARGO_CD, labels)
    return {ref_of(it).name for it in found}


def _wanted(tree: Tree) -> _Wanted:
    paths = [PurePosixPath(file.path) for file in tree.files]
    projects = {f"{PROJECT}{it.stem}" for it in paths if str(it.parent) == "root/projects"}
    return _Wanted(
        applications=frozenset(it.stem for it in paths if str(it.parent) == "root/applications"),
        projects=frozenset({*projects, f"{PROJECT}root"}),
        namespaces=frozenset(_namespaces(tree)),
    )


def _namespaces(tree: Tree) -> Iterator[str]:
    for file in tree.files:
        if "kind: Namespace\n" in file.content:
            for it in yaml.load_all(file.content, Loader=_Loader):
                if isinstance(it, dict) and it.get("kind") == "Namespace":
                    yield it["metadata"]["name"]
