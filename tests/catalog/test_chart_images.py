"""What charts run: behind a mirror no value of any chart, its own defaults included, names another host."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from llmplat.catalog.chart_images import images_of
from llmplat.catalog.load import load_catalog
from llmplat.catalog.through_mirror import through_mirror
from llmplat.domain.errors import CatalogError, PlanError
from llmplat.domain.hosts import hosts_in
from llmplat.domain.mirror import MirrorPlace
from llmplat.domain.oci import Reference
from llmplat.plan.cluster.chart_images import PARTS, image_values
from llmplat.render.values import make_values, merge
from tests.catalog.test_values import ALL, CHARTS

pytestmark = pytest.mark.catalog
CATALOG = load_catalog(Path(__file__).parents[2])
PLACE = MirrorPlace.parse("registry.internal:5000/mirror")
MIRRORED = through_mirror(CATALOG, PLACE)
WITH_CHART = [name for name, c in CATALOG.components.items() if c.version and c.version.chart]
NOT_FETCHED = {
    ("kyverno", "config.defaultRegistry"),  # what a name without a host means in policies
    ("gpu-operator", "vgpuManager.image"),  # it has no public home; it is off
    ("kueue", "kueueViz.backend.env.0.value"),  # who may ask it; it is off
    ("kube-prometheus-stack", "defaultRules.runbookUrl"),  # a link for people
    ("opencost", "opencost.prometheus.external.url"),  # an example; the internal one is on
    ("opencost", "opencost.prometheus.thanos.external.url"),  # the same
}
FOLDERS = {"mlflow": "mlflow-community"}


def hosts_of(name, component):
    """The hosts in all values of the chart, its defaults below ours; None where they are not here."""
    chart = component.version.chart
    file = CHARTS / FOLDERS.get(chart, chart) / "values.yaml"
    if not file.is_file():
        pytest.skip(f"the chart's own values are not here: {file} (LLMPLAT_CHARTS says where)")
    theirs = yaml.safe_load(file.read_text("utf-8")) or {}
    ours = make_values(component, ALL[0], image_values(component))
    values = merge(theirs, ours)
    found = [(".".join(map(str, at.path)), at.host) for at in hosts_in(values)]
    found += [(".".join(path), "docker.io") for path in from_docker_hub(values)]
    return {(path, host) for path, host in found if (name, path) not in NOT_FETCHED}


def from_docker_hub(values, path=()):
    """Names of images without a host, beside no key that gives one."""
    if isinstance(values, list):
        values = dict(enumerate(values))
    if not isinstance(values, dict):
        return
    has_host = any(
        isinstance(values.get(key), str) and values[key].startswith(PLACE.registry)
        for key in ("registry", "repository", "defaultRegistry")
    )
    for key, value in values.items():
        is_image = isinstance(value, str) and str(key).lower().endswith(("image", "repository"))
        if is_image and value and not has_host and not value.startswith(PLACE.registry):
            yield (*path, str(key))
        yield from from_docker_hub(value, (*path, str(key)))


@pytest.mark.parametrize("name", WITH_CHART)
def test_every_image_of_the_chart_comes_from_the_mirror(name):
    others = {(path, host) for path, host in hosts_of(name, MIRRORED.components[name])
              if host != PLACE.registry}  # fmt: skip
    assert others == set()


def test_an_image_that_nobody_wrote_down_is_found():
    keda = MIRRORED.components["keda"]
    without = replace(keda, images=keda.images[1:])
    assert ("image.keda.registry", "ghcr.io") in hosts_of("keda", without)


@pytest.mark.parametrize("name", WITH_CHART)
def test_what_runs_has_a_tag_and_what_is_set_agrees(name):
    for image in images_of(CATALOG.components[name]):
        reference = Reference.parse(image.reference)
        assert image.unused or reference.tag, image.reference
        assert image.unused or reference.tag != "latest", image.reference
    values = image_values(MIRRORED.components[name])
    assert (values == {}) == (not images_of(CATALOG.components[name]))


def test_a_component_whose_images_nobody_knows_is_refused_behind_a_mirror():
    unknown = replace(CATALOG.components["keda"], images_text=None)
    with pytest.raises(PlanError, match="cannot be taken from the mirror"):
        image_values(unknown)


def test_the_parts_of_a_reference():
    reference = Reference.parse(f"ghcr.io/team/app:v1@sha256:{'a' * 64}")
    assert {name: part(reference) for name, part in PARTS.items()} == {
        "host": "ghcr.io",
        "path": "team/app",
        "repository": "ghcr.io/team/app",
        "parent": "ghcr.io/team",
        "name": "app",
        "tag": f"v1@sha256:{'a' * 64}",
        "reference": f"ghcr.io/team/app:v1@sha256:{'a' * 64}",
    }


def test_a_part_that_does_not_exist_is_a_fault_of_the_catalogue():
    from llmplat.catalog.make import make_chart_images
    from llmplat.catalog.read import Record

    row = {"reference": "ghcr.io/a:v1", "values": {"image": "whatever"}}
    facts = {"source": "x", "as_of": "2026-11-22", "images": [row]}
    with pytest.raises(CatalogError):
        make_chart_images(Record(facts, "images.yaml"))


def test_through_the_mirror_twice_is_once():
    assert through_mirror(MIRRORED, PLACE) == MIRRORED
    assert through_mirror(CATALOG, None) is CATALOG
