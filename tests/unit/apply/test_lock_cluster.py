"""Charts and images of a cluster are pinned by what registries answer."""

from pathlib import Path

import pytest

from llmplat.apply.lock_cluster import ClusterPins, pin_charts, pin_images
from llmplat.catalog.load import load_catalog
from llmplat.domain.errors import RegistryError
from llmplat.plan.make import make_plan
from llmplat.spec.load import load_platform
from llmplat.spec.lock import parse_lock

HOME = Path(__file__).parents[3]
EXAMPLES = HOME / "docs" / "examples"
CATALOG = load_catalog(HOME)
DIGEST = f"sha256:{'d' * 64}"


def pins(chart=lambda pin: DIGEST, image=lambda reference: DIGEST):
    return ClusterPins(CATALOG, chart, image)


def platform(name):
    return load_platform(EXAMPLES / f"cluster-{name}.yaml").platform


@pytest.mark.parametrize("name", ["smallest", "two-teams", "production"])
def test_what_is_pinned_is_all_that_a_plan_asks_for(name):
    lock = parse_lock((EXAMPLES / f"cluster-{name}.lock.yaml").read_text("utf-8"), "lock")
    charts, images = pin_charts(platform(name), pins()), pin_images(platform(name), pins())
    bare = lock.model_copy(update={"charts": charts, "images": images})
    for profile in ("serving", "llm-gateway", "full"):
        wider = platform(name).model_copy(update={"profile": profile})
        assert make_plan(wider, bare, CATALOG).cluster is not None


def test_only_charts_that_run_on_the_substrate_are_asked_for():
    asked = []
    pin_charts(platform("production"), pins(chart=lambda pin: asked.append(pin.chart) or DIGEST))
    assert "kueue" in asked
    assert not {"gpu-operator", "dcgm-exporter", "kserve-resources"} & set(asked)
    assert len(asked) == len(set(asked))


def test_a_registry_that_fails_stops_it():
    def fail(reference):
        raise RegistryError("no")

    with pytest.raises(RegistryError):
        pin_images(platform("smallest"), pins(image=fail))
