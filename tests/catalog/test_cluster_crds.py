"""The CRDs that the cluster tests fetch: of the versions we pin, and all that our objects need."""

import csv
from pathlib import Path

import pytest

from llmplat.catalog.load import load_catalog
from tests.catalog.makers import CRDS
from tests.cluster.plane.crds import (
    find_crds,
    group_kind,
    load_crds,
    platform_crds,
    variant_crds,
)
from tests.cluster.plane.reduced_crds import reduced_crds
from tests.cluster.plane.rendered import rendered_kinds
from tests.cluster.plane.variants import variant_kinds

pytestmark = pytest.mark.catalog
HOME = Path(__file__).parents[2]
LIST = HOME / "tests" / "cluster" / "programs" / "crds.tsv"
ROWS = list(csv.DictReader(LIST.read_text().splitlines(), delimiter="\t"))
COMPONENTS = load_catalog(HOME).components
BUILT_IN = {"", "apps", "policy"}
"""Groups of Kubernetes' own that do not end in .k8s.io."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["folder"])
def test_the_crds_are_of_the_version_that_we_pin(row):
    pin = COMPONENTS[row["component"]].version
    assert pin is not None
    assert row["version"].removeprefix("v") == pin.app.removeprefix("v")


def test_every_kind_that_we_render_has_its_crd():
    try:
        folder = find_crds()
        there = {group_kind(crd) for crd in (*platform_crds(folder), *variant_crds(folder))}
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    own = ("rbac.authorization", "networking", "scheduling", "admissionregistration", "resource")
    built_in = BUILT_IN | {f"{name}.k8s.io" for name in (*own, "apiextensions")}
    wanted = rendered_kinds() | variant_kinds()
    assert {it for it in wanted if it[0] not in built_in} <= there


def test_reduced_crds_serve_what_the_makers_serve():
    if not (CRDS / "external-secrets").is_dir():
        pytest.skip(f"the makers' CRDs are not here: {CRDS} (LLMPLAT_CRDS says where)")
    kinds = frozenset(kind for kind in rendered_kinds() if kind[0] == "external-secrets.io")
    ours = {group_kind(crd): _served(crd) for crd in reduced_crds("external-secrets", kinds)}
    theirs = {
        group_kind(it): _served(it) for it in load_crds(CRDS, "external-secrets", kinds=kinds)
    }
    assert ours == theirs
    assert ours.keys() == kinds


def _served(crd):
    spec = crd["spec"]
    versions = [
        (it["name"], it["storage"], it.get("subresources"))
        for it in spec["versions"]
        if it["served"]
    ]
    names = {key: spec["names"][key] for key in ("kind", "listKind", "plural", "singular")}
    return crd["metadata"]["name"], spec["scope"], names, versions
