"""Pins: dated, sourced, within each other's ranges; a pair known to disagree is not shipped."""

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from llmplat.catalog.component_entries import Incompatible
from llmplat.catalog.load import DATA, load_catalog
from llmplat.catalog.versions import is_within, load_versions, numbers_of
from llmplat.domain.errors import CatalogError
from llmplat.plan.cluster.compatible import disagreement
from tests.catalog.makers import CRDS, made_from, without_prose

pytestmark = pytest.mark.catalog
HOME = Path(__file__).parents[2]
CATALOG = load_catalog(HOME)
VERSIONS = load_versions(DATA)
PINNED = {name: c.version for name, c in CATALOG.components.items() if c.version is not None}
KUBERNETES = ("1.34", "1.36")
"""What every pin must work on: the default of the file and the newest that tests run."""


@pytest.mark.parametrize("name", PINNED)
def test_a_pin_is_exact_dated_and_sourced(name):
    pin = PINNED[name]
    assert re.fullmatch(r"v?[0-9]+(\.[0-9]+)+([-.][0-9a-z.]+)?", pin.pinned)
    assert dt.date.fromisoformat(pin.as_of) <= dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    assert pin.source.startswith("https://")
    assert (pin.chart is None) == (pin.repository is None)


@pytest.mark.parametrize("name", [name for name, pin in PINNED.items() if pin.kubernetes])
def test_a_pin_works_on_every_kubernetes_we_name(name):
    oldest, newest = PINNED[name].kubernetes
    for minor in KUBERNETES:
        assert numbers_of(oldest) <= numbers_of(minor) <= numbers_of(newest)


@pytest.mark.parametrize("image", CATALOG.images.values(), ids=lambda image: image.name)
def test_an_image_names_its_registry_and_an_exact_tag(image):
    assert re.fullmatch(r"[a-z0-9.]+/[a-z0-9/_-]+:v?[0-9][0-9.]*", image.reference)


@pytest.mark.parametrize(
    ("image", "runtime"),
    [("litellm", "litellm"), ("vllm-cpu", "vllm-cpu"), ("vllm-cuda", "vllm-cuda")],
)
def test_images_are_the_version_that_runs_on_this_machine(image, runtime):
    tag = CATALOG.images[image].reference.rpartition(":")[2].removeprefix("v")
    assert tag == CATALOG.runtimes[runtime].version


@pytest.mark.parametrize("pair", CATALOG.incompatible, ids=lambda p: f"{p.first} and {p.second}")
def test_no_pair_that_is_known_to_disagree_is_shipped(pair):
    assert {pair.first, pair.second} <= CATALOG.components.keys()
    assert not disagreement(pair, CATALOG)
    assert pair.why
    assert pair.source.startswith("https://")


def test_a_pin_within_a_known_disagreement_is_found():
    pair = next(p for p in CATALOG.incompatible if p.first == "kserve")
    old = replace(CATALOG.components["kserve"].version, pinned="v0.19.0")
    kserve = replace(CATALOG.components["kserve"], version=old)
    changed = replace(CATALOG, components={**CATALOG.components, "kserve": kserve})
    assert disagreement(pair, changed)


@pytest.mark.parametrize(
    ("version", "bounds", "expected"),
    [
        ("v1.4.1", ">=1.4 <1.5", True),
        ("v1.5.0", ">=1.4 <1.5", False),
        ("1.10.0", ">1.9", True),
        ("26.7", "=26.7", True),
        ("v2", "", True),
        ("v0.19.9", "<=0.19", False),
    ],
)
def test_versions_are_compared_as_numbers(version, bounds, expected):
    assert is_within(version, bounds) is expected


def test_a_version_in_both_places_is_refused(home):
    file = home / "templates" / "components" / "keda" / "component.yaml"
    own = {"pinned": "1.0.0", "app": "1", "source": "https://example.com", "as_of": "2026-01-01"}
    file.write_text(file.read_text() + yaml.safe_dump({"version": own}))
    with pytest.raises(CatalogError) as caught:
        load_catalog(home)
    assert "keda has a version in versions.yaml and one in its folder" in (caught.value.why or "")


def test_a_pin_of_nothing_is_refused(home):
    data = home / "data"
    text = (DATA / "versions.yaml").read_text().replace("name: keda", "name: kedda")
    for path in DATA.iterdir():
        (data / path.name).symlink_to(path) if path.name != "versions.yaml" else None
    (data / "versions.yaml").write_text(text)
    with pytest.raises(CatalogError) as caught:
        load_catalog(home, data=data)
    assert "pins kedda, which is no component" in (caught.value.why or "")


@pytest.fixture
def home(tmp_path):
    """A copy of the shipped folders."""
    import shutil

    for name in ("profiles", "templates", "infra"):
        shutil.copytree(HOME / name, tmp_path / name)
    (tmp_path / "data").mkdir()
    return tmp_path


SHIPPED = [(n, file) for n, c in CATALOG.components.items() for file, _ in c.objects]


@pytest.mark.parametrize(("name", "file"), SHIPPED)
def test_objects_of_others_are_their_makers_without_the_prose(name, file):
    made = made_from(name, file)
    if made is None:
        pytest.skip(f"the makers' files are not here: {CRDS} (LLMPLAT_CRDS says where)")
    assert dict(CATALOG.components[name].objects)[file] == made


@pytest.mark.parametrize(("name", "file"), SHIPPED)
def test_objects_of_others_say_where_they_are_from(name, file):
    text = dict(CATALOG.components[name].objects)[file]
    assert re.match(r"# \S+/\S+ v[\d.]+, \S+, Apache-2.0; without prose.\n", text)
    assert [without_prose(one) for one in yaml.safe_load_all(text)] == list(
        yaml.safe_load_all(text)
    )


def test_a_disagreement_needs_both():
    pair = Incompatible("https://x", "2026-01-01", "keda", ">=99", "kueue", "", "no")
    assert not disagreement(pair, CATALOG)
