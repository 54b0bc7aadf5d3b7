"""Names that must be unique, and names that must exist."""

from collections.abc import Iterator

from llmplat.domain.errors import Finding
from llmplat.spec.checks.places import conflict
from llmplat.spec.platform import Platform
from llmplat.spec.repeated import repeated, twice
from llmplat.spec.tenant import PLATFORM_TENANT
from llmplat.spec.tree import Path, Tree
from llmplat.spec.words import clip, nearest

CODE = "spec-unknown-name"


def check_names(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """Findings about names given twice and names that stand for nothing."""
    yield from _model_names(platform, tree)
    yield from repeated(tree, "tenants", "name")
    yield from repeated(tree, "priorityClasses", "name")
    for index in range(len(platform.tenants)):
        yield from repeated(tree, "apps", "name", within=("tenants", index))
    yield from _owners(platform, tree)
    yield from _classes(platform, tree)
    yield from _allowed(platform, tree)


def _model_names(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """Names and aliases share one room: clients send either."""
    first: dict[str, Path] = {}
    for index, model in enumerate(platform.models):
        path: Path = ("models", index)
        given = [(model.name, (*path, "name"))]
        given += [(name, (*path, "aliases", at)) for at, name in enumerate(model.aliases)]
        for name, place in given:
            if name in first:
                yield twice(tree, name, place, first[name])
            first.setdefault(name, place)


def _owners(platform: Platform, tree: Tree) -> Iterator[Finding]:
    known = (PLATFORM_TENANT, *(tenant.name for tenant in platform.tenants))
    for index, model in enumerate(platform.models):
        if model.owner not in known:
            path = ("models", index, "owner")
            yield _unknown(tree, "tenant", model.owner, known, path, ("tenants",))


def _classes(platform: Platform, tree: Tree) -> Iterator[Finding]:
    known = tuple(item.name for item in platform.classes)
    for index, tenant in enumerate(platform.tenants):
        path: Path = ("tenants", index)
        given = [(tenant.priority_class, (*path, "priorityClass"))]
        given += [
            (app.priority_class or tenant.priority_class, (*path, "apps", at, "priorityClass"))
            for at, app in enumerate(tenant.apps)
            if app.priority_class is not None
        ]
        for name, place in given:
            if name not in known:
                yield _unknown(tree, "priority class", name, known, place, ("priorityClasses",))


def _allowed(platform: Platform, tree: Tree) -> Iterator[Finding]:
    known = tuple(name for model in platform.models for name in (model.name, *model.aliases))
    for index, tenant in enumerate(platform.tenants):
        path: Path = ("tenants", index)
        lists = [(tenant.models, path)]
        lists += [(app.models or (), (*path, "apps", at)) for at, app in enumerate(tenant.apps)]
        for names, owner in lists:
            for at, name in enumerate(names):
                if name != "*" and name not in known:
                    place = (*owner, "models", at)
                    yield _unknown(tree, "model", name, known, place, ("models",))


def _unknown(
    tree: Tree, what: str, name: str, known: tuple[str, ...], at: Path, also: Path
) -> Finding:
    meant = nearest(name, known)
    return conflict(
        tree,
        f"there is no {what} {clip(name)}",
        f"did you mean {meant}?" if meant else f"there is {', '.join(dict.fromkeys(known))}",
        f"write {meant}" if meant else f"add it under {also[-1]}, or name one that is there",
        at,
        also,
        code=CODE,
    )
