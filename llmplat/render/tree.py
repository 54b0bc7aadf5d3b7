"""A plan -> the whole tree of manifests: the root, its children, and the objects of each."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmplat import __version__
from llmplat.catalog.entries import Catalog
from llmplat.domain.errors import RenderError
from llmplat.domain.manifest import Manifest
from llmplat.plan.cluster.applications import PlannedApplication
from llmplat.plan.cluster.cluster import ClusterPlan
from llmplat.plan.plan import Plan
from llmplat.render.argocd import chart_source, make_application, make_root
from llmplat.render.artifact import Artifact, make_artifact
from llmplat.render.dump import dump_yaml
from llmplat.render.kinds import in_apply_order
from llmplat.render.namespaces import APPLICATION as NAMESPACES
from llmplat.render.namespaces import make_namespaces
from llmplat.render.objects import make_objects
from llmplat.render.projects import make_projects
from llmplat.render.values import chart_values

MARKER = "llmplat-tree.json"
ROOT_FILE = "root/root.yaml"
HASH_CHARS = 12


@dataclass(frozen=True)
class Tree:
    """Everything rendered, and the artifacts that carry it to a registry."""

    platform: str
    files: tuple[Manifest, ...]
    """By path, the marker last."""
    artifacts: tuple[Artifact, ...]
    """One for each Application with objects, then the root's; none where git delivers."""
    streamed: tuple[str, ...]
    """Paths in the order in which they are applied."""

    def text(self, path: str) -> str:
        """The text of one file; KeyError when there is none."""
        return {file.path: file.content for file in self.files}[path]


@dataclass(frozen=True)
class _Rendered:
    """One Application with its objects as files below its own folder."""

    planned: PlannedApplication
    objects: tuple[dict[str, Any], ...]
    files: tuple[Manifest, ...]


def make_tree(plan: Plan, catalog: Catalog) -> Tree:
    """The tree of a cluster's plan: the same bytes each time, from any machine.

    Raises RenderError (a bug) for a template that is wrong or an Application without objects.
    """
    cluster = plan.cluster
    if cluster is None:
        msg = "a platform on this machine has no tree"
        raise AssertionError(msg)
    rendered = _render_all(plan, cluster, catalog)
    sources = {one.planned.name: _source(one, cluster, catalog) for one in rendered}
    children = {
        one.planned.name: make_application(plan.platform, one.planned, sources[one.planned.name][0])
        for one in rendered
    }
    objects = {one.planned.name: one.objects for one in rendered}
    projects = make_projects(plan, cluster, catalog, objects)
    below = [
        *(Manifest(f"root/projects/{layer}.yaml", dump_yaml(p)) for layer, p in projects.items()),
        *(Manifest(f"root/applications/{name}.yaml", dump_yaml(c)) for name, c in children.items()),
    ]
    root = _root(plan, cluster, below)
    artifacts = [artifact for _, artifact in sources.values() if artifact is not None]
    placed = [file for one in rendered for file in _placed(one, sources[one.planned.name][0])]
    files = (Manifest(ROOT_FILE, root[0]), *below, *placed)
    return Tree(
        platform=plan.platform,
        files=(*sorted(files, key=lambda file: file.path), _marker(plan.platform, files)),
        artifacts=(*artifacts, *((root[1],) if root[1] else ())),
        streamed=tuple(file.path for file in files),
    )


def _render_all(plan: Plan, cluster: ClusterPlan, catalog: Catalog) -> tuple[_Rendered, ...]:
    ours = dict(make_objects(plan))
    everything = [item for objects in ours.values() for item in objects]
    closed = make_namespaces(plan, catalog, everything)
    ours[NAMESPACES] = (*ours.get(NAMESPACES, ()), *closed)
    expected = {one.name for one in cluster.applications if one.has_objects}
    shipped = {one.name for one in cluster.applications if _shipped(one, catalog)}
    wrong = (set(ours) - expected) | (expected - set(ours) - shipped)
    if wrong:
        raise RenderError(
            "The plan and what was rendered disagree.",
            why=f"objects and Applications do not match for {', '.join(sorted(wrong))}.",
            fix=("report this as a bug",),
        )
    return tuple(_render(one, ours.get(one.name, ()), catalog) for one in cluster.applications)


def _shipped(planned: PlannedApplication, catalog: Catalog) -> tuple[tuple[str, str], ...]:
    """The makers' own files that belong to this Application."""
    component = catalog.components[planned.component]
    is_theirs = planned.has_objects and planned.model is None
    return component.objects if is_theirs else ()


def _render(
    planned: PlannedApplication, objects: Sequence[dict[str, Any]], catalog: Catalog
) -> _Rendered:
    ordered = tuple(sorted(objects, key=in_apply_order))
    files = [Manifest(name, text) for name, text in _shipped(planned, catalog)]
    files += [Manifest(name, text) for name, text in _named(planned, ordered).items()]
    return _Rendered(planned, ordered, tuple(files))


def _named(planned: PlannedApplication, objects: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """<kind>-<name>.yaml -> text; with its namespace where that is not the Application's."""
    named: dict[str, str] = {}
    for item in objects:
        metadata = item["metadata"]
        elsewhere = metadata.get("namespace", planned.namespace) != planned.namespace
        parts = (item["kind"].lower(), metadata["name"], metadata["namespace"] if elsewhere else "")
        name = "-".join(filter(None, parts)).replace(":", "-") + ".yaml"
        if name in named:
            raise RenderError(
                f"Two objects would be the file {name}.",
                why=f"the Application {planned.name} holds each object once.",
                fix=("report this as a bug",),
            )
        named[name] = dump_yaml(item)
    return named


def _source(
    one: _Rendered, cluster: ClusterPlan, catalog: Catalog
) -> tuple[dict[str, Any], Artifact | None]:
    """What the Application follows, and its artifact where there is one."""
    planned, gitops = one.planned, cluster.gitops
    if planned.chart is not None:
        component = catalog.components[planned.component]
        values = chart_values(component, planned, cluster.settings)
        return chart_source(planned, values), None
    if gitops.is_oci:
        artifact = make_artifact(planned.name, one.files)
        revision = str(artifact.digest)
        return {"repoURL": gitops.url, "targetRevision": revision, "path": "."}, artifact
    folder = f"apps/{planned.name}-{_digest(one.files)[:HASH_CHARS]}"
    path = folder if gitops.path == "." else f"{gitops.path}/{folder}"
    return {"repoURL": gitops.url, "targetRevision": gitops.revision, "path": path}, None


def _placed(one: _Rendered, source: Mapping[str, Any]) -> Iterable[Manifest]:
    """The Application's files in the tree; in git its folder carries its content's hash."""
    at = str(source.get("path", ".")).rpartition("apps/")[2]
    folder = one.planned.name if at == "." else at
    return (Manifest(f"apps/{folder}/{file.path}", file.content) for file in one.files)


def _root(
    plan: Plan, cluster: ClusterPlan, below: Sequence[Manifest]
) -> tuple[str, Artifact | None]:
    """The text of root.yaml and the root's artifact."""
    gitops = cluster.gitops
    directory = {"recurse": True, "exclude": "root.yaml"}
    if gitops.is_oci:
        artifact = make_artifact("root", (_within("root/", file) for file in below))
        source = {"repoURL": gitops.url, "targetRevision": str(artifact.digest), "path": "."}
        whole = {**source, "directory": {"recurse": True}}
        made = make_root(plan.platform, gitops, whole, cluster.hosts)
        return dump_yaml(*made), artifact
    path = "root" if gitops.path == "." else f"{gitops.path}/root"
    source = {"repoURL": gitops.url, "targetRevision": gitops.revision, "path": path}
    whole = {**source, "directory": directory}
    return dump_yaml(*make_root(plan.platform, gitops, whole, cluster.hosts)), None


def _within(folder: str, file: Manifest) -> Manifest:
    return Manifest(file.path.removeprefix(folder), file.content)


def _digest(files: Iterable[Manifest]) -> str:
    lines = (f"{file.path} {_sha256(file.content)}\n" for file in files)
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _marker(platform: str, files: Iterable[Manifest]) -> Manifest:
    """What says that llmplat wrote the folder, and what each file must still be."""
    hashes = {file.path: _sha256(file.content) for file in files}
    document = {"platform": platform, "llmplat": __version__, "files": dict(sorted(hashes.items()))}
    return Manifest(MARKER, json.dumps(document, indent=2) + "\n")
