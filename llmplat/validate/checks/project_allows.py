"""An Application stays within its project.

Argo CD refuses to sync what the project does not allow: the tree is rendered well and never arrives.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from llmplat.validate.objects import Object, Objects, get, list_or_empty, sources_of
from llmplat.validate.smell import Smell
from llmplat.validate.waves import Layout

_NAMESPACELESS = ("clusterResourceWhitelist", "namespaceResourceWhitelist")


def find(objects: Objects) -> Iterator[Smell]:
    """Sources, destinations and kinds that the project of an Application does not name."""
    projects = {one.name: one for one in objects.of("argoproj.io/AppProject")}
    if not projects:
        return
    for one in objects.applications:
        project = projects.get(str(one.spec.get("project")))
        if project is None:
            what = f"the project {one.spec.get('project')} is not in the tree"
            yield Smell(one, ("spec", "project"), what, "add the AppProject")
        else:
            yield from _application(one, project)
    layout = Layout(objects)
    kinds = {name: _kinds(project) for name, project in projects.items()}
    for one in objects.all:
        application = layout.application_of(one)
        project = projects.get(str(application.spec.get("project"))) if application else None
        if application is not None and project is not None:
            yield from _object(one, application, project, kinds[project.name])


def _application(one: Object, project: Object) -> Iterator[Smell]:
    allowed = [str(repo) for repo in list_or_empty(project.spec.get("sourceRepos"))]
    for path, source in sources_of(one):
        address = str(source.get("repoURL"))
        if not any(fnmatchcase(address, pattern) for pattern in allowed):
            what = f"{project.name} does not allow the source {address}"
            yield Smell(one, (*path, "repoURL"), what, f"add it to sourceRepos of {project.name}")
    namespace = str(get(one.spec, "destination", "namespace"))
    if not _may_go(namespace, project):
        what = f"{project.name} does not allow the namespace {namespace}"
        path = ("spec", "destination", "namespace")
        yield Smell(one, path, what, f"add it to destinations of {project.name}")


def _may_go(namespace: str, project: Object) -> bool:
    places = [
        str(get(item, "namespace")) for item in list_or_empty(project.spec.get("destinations"))
    ]
    return any(fnmatchcase(namespace, place) for place in places)


def _kinds(project: Object) -> list[str]:
    """group/kind patterns of what `project` may make, in namespaces and without."""
    return [
        f"{get(item, 'group')}/{get(item, 'kind')}"
        for part in _NAMESPACELESS
        for item in list_or_empty(project.spec.get(part))
    ]


def _object(one: Object, application: Object, project: Object, kinds: list[str]) -> Iterator[Smell]:
    kind = one.kind if "/" in one.kind else f"/{one.kind}"
    if kind not in kinds and not any(fnmatchcase(kind, pattern) for pattern in kinds):
        what = f"{project.name}, the project of {application.name}, does not allow {one.kind}"
        yield Smell(one, ("kind",), what, f"add it to a whitelist of {project.name}")
    elif one.namespace and not _may_go(one.namespace, project):
        what = f"{project.name} does not allow the namespace {one.namespace}"
        yield Smell(one, ("metadata", "namespace"), what, f"add it to {project.name}")
