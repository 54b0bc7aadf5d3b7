"""The example platforms, rendered as a user would have them, with the profile and delivery a test wants."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from llmplat.catalog.load import load_catalog
from llmplat.plan.make import make_plan
from llmplat.plan.plan import Plan
from llmplat.render.tree import Tree, make_tree
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import parse_lock
from tests.cluster.plane.client import Object
from tests.fakes.cluster_platform import plan_with
from tests.fakes.experience import with_everything

HOME = Path(__file__).parents[3]
EXAMPLES = ("cluster-smallest", "cluster-two-teams", "cluster-production")
PROFILES = ("serving", "llm-gateway", "full")


@dataclass(frozen=True)
class Rendered:
    """One platform's plan and tree."""

    plan: Plan
    tree: Tree

    @property
    def objects(self) -> dict[str, tuple[Object, ...]]:
        """Application -> its own objects, in the order of the tree; charts have none."""
        found: dict[str, list[Object]] = {}
        for file in self.tree.files:
            folder, _, rest = file.path.partition("/")
            if folder == "apps":
                found.setdefault(rest.partition("/")[0], []).extend(_load(file.content))
        return {name: tuple(things) for name, things in found.items()}

    @property
    def applications(self) -> dict[str, Object]:
        """Child Applications by name."""
        return {
            thing["metadata"]["name"]: thing
            for file in self.tree.files
            if file.path.startswith("root/applications/")
            for thing in _load(file.content)
        }

    def of_kind(self, *kinds: str) -> list[Object]:
        """All own objects of these kinds."""
        return [it for things in self.objects.values() for it in things if it["kind"] in kinds]


def render(example: str, profile: str, *, gitops: Object | None = None, name: str = "") -> Rendered:
    """Render `example` with `profile`; `gitops` and `name` replace what the file says."""
    return _render(example, profile, yaml.safe_dump(gitops) if gitops else "", name)


@cache
def _render(example: str, profile: str, gitops: str, name: str) -> Rendered:
    folder = HOME / "docs" / "examples"
    document: dict[str, Any] = yaml.safe_load((folder / f"{example}.yaml").read_text())
    document["profile"] = profile
    if profile == "serving":
        _forget_availability(document)
    elif example == "cluster-production":
        document.setdefault("components", {})["console"] = {"enabled": True}
    if gitops:
        document["gitops"] = yaml.safe_load(gitops)
    if name:
        document["name"] = name
    lock = parse_lock((folder / f"{example}.lock.yaml").read_text(), f"{example}.lock.yaml")
    loaded = parse_platform(yaml.safe_dump(document, sort_keys=False), f"{example}.yaml")
    catalog = load_catalog(HOME)
    plan = make_plan(loaded.platform, lock, catalog)
    return Rendered(plan, make_tree(plan, catalog))


def render_pages(gitops: Object | None = None) -> Rendered:
    """The two-teams example with everything that people touch, spans and the record of requests."""
    return _render_pages(yaml.safe_dump(gitops) if gitops else "")


@cache
def _render_pages(gitops: str) -> Rendered:
    def change(document: Object) -> None:
        with_everything(document)
        if gitops:
            document["gitops"] = yaml.safe_load(gitops)

    plan = plan_with(change)
    return Rendered(plan, make_tree(plan, load_catalog(HOME)))


def _forget_availability(document: Object) -> None:
    """A promise that `serving` refuses: it has no gateway that counts answers."""
    for model in document["models"]:
        model.get("slo", {}).pop("availabilityPercent", None)


@cache
def rendered_kinds() -> frozenset[tuple[str, str]]:
    """(group, kind) of all own objects of the examples."""
    return frozenset((it["apiVersion"].rpartition("/")[0], it["kind"]) for it in _everything())


def rendered_crds() -> list[Object]:
    """The CustomResourceDefinitions among our own objects."""
    return [it for it in _everything() if it["kind"] == "CustomResourceDefinition"]


@cache
def _everything() -> tuple[Object, ...]:
    """Own objects of every example and of the pages; `full` holds what the other profiles do."""
    trees = [*(render(example, "full") for example in EXAMPLES), render_pages()]
    return tuple(it for tree in trees for those in tree.objects.values() for it in those)


def kueue_settings(rendered: Rendered) -> Object:
    """The manager's configuration that the platform hands to Kueue's chart."""
    values = rendered.applications["kueue"]["spec"]["source"]["helm"]["valuesObject"]
    found: Object = yaml.safe_load(values["managerConfig"]["controllerManagerConfigYaml"])
    return found


def _load(text: str) -> list[Object]:
    return [thing for thing in yaml.load_all(text, Loader=yaml.CSafeLoader) if thing]
