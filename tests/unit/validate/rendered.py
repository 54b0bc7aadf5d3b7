"""The production example as it is rendered, and copies of it with one thing broken."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from llmplat.catalog.load import load_catalog
from llmplat.domain.errors import Finding
from llmplat.domain.manifest import Manifest
from llmplat.plan.make import make_plan
from llmplat.render.tree import MARKER, make_tree
from llmplat.spec.load import load_platform
from llmplat.spec.lock import parse_lock
from llmplat.validate.documents import Document, read_all
from llmplat.validate.kinds import Kinds
from llmplat.validate.lint import run_lints
from llmplat.validate.naming import check_names
from llmplat.validate.objects import Objects
from llmplat.validate.positions import Positions
from llmplat.validate.schemas import check_schemas
from llmplat.validate.values import check_values

HOME = Path(__file__).parents[3]
EXAMPLE = HOME / "docs" / "examples" / "cluster-production.yaml"
KUBERNETES = "1.35"
Change = Callable[[Any], None]


@cache
def manifests() -> tuple[Manifest, ...]:
    loaded = load_platform(EXAMPLE)
    lock = EXAMPLE.with_suffix(".lock.yaml")
    plan = make_plan(
        loaded.platform, parse_lock(lock.read_text("utf-8"), lock.name), load_catalog(HOME)
    )
    tree = make_tree(plan, load_catalog(HOME))
    return tuple(file for file in tree.files if file.path != MARKER)


@cache
def documents() -> tuple[Document, ...]:
    found, unreadable = read_all(manifests())
    assert not unreadable
    return tuple(found)


@cache
def kinds() -> Kinds:
    crds = [one.document for one in Objects(documents()).of_name("CustomResourceDefinition")]
    return Kinds(KUBERNETES, crds)


def find(kind: str, name: str = "") -> Document:
    """The first object of a kind, of that name when one is given."""
    for one in documents():
        if one.value["kind"] == kind and name in {"", one.value["metadata"]["name"]}:
            return one
    raise AssertionError(f"the tree has no {kind} {name}")


def broken(document: Document, change: Change) -> list[Finding]:
    """What is found in the tree when `change` was done to `document`."""
    value = copy.deepcopy(document.value)
    change(value)
    return found_in([replace(document, value=value, index=0)], [document])


def found_in(added: list[Document], removed: list[Document]) -> list[Finding]:
    """What is found with these documents in place of those."""
    gone = {id(one) for one in removed}
    everything = [one for one in documents() if id(one) not in gone] + added
    texts = [Manifest(one.file, yaml.safe_dump(one.value, sort_keys=False)) for one in added]
    positions = Positions([*manifests(), *texts])
    objects = Objects(everything)
    return [
        *check_schemas(added, kinds(), positions),
        *check_names(added, kinds(), positions),
        *check_values(Objects(added), positions),
        *run_lints(objects, positions),
    ]


def edit_json(document: Any, key: str, change: Change) -> None:
    """`change` what a ConfigMap's JSON text holds."""
    value = json.loads(document["data"][key])
    change(value)
    document["data"][key] = json.dumps(value, indent=2)


def edit_yaml(document: Any, key: str, change: Change) -> None:
    """`change` what a ConfigMap's YAML text holds."""
    value = yaml.safe_load(document["data"][key])
    change(value)
    document["data"][key] = yaml.safe_dump(value, sort_keys=False)
