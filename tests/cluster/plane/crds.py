"""The upstream CustomResourceDefinitions that the tests put on a control plane, read from a folder of them."""

import copy
import functools
import os
import subprocess
from pathlib import Path

import yaml

from tests.cluster.plane.client import Object
from tests.cluster.plane.google_crds import google_crds
from tests.cluster.plane.reduced_crds import reduced_crds
from tests.cluster.plane.rendered import HOME, rendered_crds, rendered_kinds
from tests.cluster.plane.variants import variant_kinds

Kinds = frozenset[tuple[str, str]]
_WHOLE = ("argo-cd", "keda", "kueue")
"""Whose controllers run: they want all of theirs."""
_IN_PART = (
    "agentgateway",
    "cert-manager",
    "cloudnative-pg",
    "dra-driver",
    "external-secrets",
    "gateway-api/standard",
    "gateway-api-inference-extension",
    "gpu-operator",
    "kserve",
    "llm-d-router",
    "lws",
    "prometheus-operator",
)


def find_crds() -> Path:
    """LLMPLAT_CRDS, else the shared folder beside the checkout, else what .ci/setup-cluster fetched.

    FileNotFoundError says what to do where there is none.
    """
    if named := os.environ.get("LLMPLAT_CRDS"):
        folders = [Path(named)]
    else:
        shared = Path(os.environ.get("LLMPLAT_SHARED") or HOME.parent / "shared")
        folders = [shared / "crds", _fetched()]
    for folder in folders:
        if folder.is_dir():
            return folder
    tried = " or ".join(map(str, folders))
    raise FileNotFoundError(f"no CRDs at {tried}: run bash .ci/setup-cluster, or set LLMPLAT_CRDS")


def _fetched() -> Path:
    argv = ["bash", str(HOME / ".ci" / "setup-crds"), "--where"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def platform_crds(folder: Path) -> list[Object]:
    """Those of the controllers that run, those that we render, and the others' of the kinds that we render.

    All of them would only cost the API server seconds each.
    """
    found = load_crds(folder, *_IN_PART, kinds=rendered_kinds()) + load_crds(folder, *_WHOLE)
    by_name = {it["metadata"]["name"]: it for it in (*found, *rendered_crds())}
    return list(by_name.values())


def variant_crds(folder: Path) -> list[Object]:
    """Those of the kinds that only the variants render; other planes start without them."""
    return load_crds(folder, *_IN_PART, kinds=variant_kinds() - rendered_kinds()) + google_crds()


def group_kind(crd: Object) -> tuple[str, str]:
    """(group, kind) of a CustomResourceDefinition."""
    return crd["spec"]["group"], crd["spec"]["names"]["kind"]


def load_crds(folder: Path, *groups: str, kinds: Kinds | None = None) -> list[Object]:
    """The CustomResourceDefinitions (of `kinds` only) under the named folders of the CRD collection.

    What no Go module ships is not there after a fetch: it is made from the schemas that llmplat ships.
    """
    found = (
        _load(folder / group, kinds) if (folder / group).is_dir() else reduced_crds(group, kinds)
        for group in groups
    )
    return [copy.deepcopy(it) for those in found for it in those]


@functools.cache
def _load(folder: Path, kinds: Kinds | None) -> tuple[Object, ...]:
    texts = [file.read_text() for file in sorted(folder.rglob("*.yaml"))]
    return tuple(
        thing
        for text in texts
        if kinds is None or _may_hold(text, kinds)
        for thing in yaml.load_all(text, Loader=_Loader)
        if thing and thing.get("kind") == "CustomResourceDefinition"
        if kinds is None or group_kind(thing) in kinds
    )


def _may_hold(text: str, kinds: Kinds) -> bool:
    """To parse a megabyte takes a second: look for the words first."""
    return any(f"group: {group}\n" in text and f"kind: {kind}\n" in text for group, kind in kinds)


class _Loader(yaml.CSafeLoader):
    """Prometheus' CRDs hold a bare `=`, which YAML 1.1 takes for a value of its own kind."""


_Loader.add_constructor(
    "tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node)
)
