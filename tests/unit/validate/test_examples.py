"""The examples in every profile: rendered, they are clean on every version they may meet."""

from pathlib import Path

import pytest

from llmplat.catalog.load import load_catalog
from llmplat.plan.make import make_plan
from llmplat.render.tree import MARKER, make_tree
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import parse_lock
from llmplat.validate.manifests import check_manifests
from tests.cluster.plane.variants import VARIANTS, render_variant
from tests.fakes.cluster_platform import plan_with
from tests.fakes.experience import with_everything, with_googles_proxies, with_sign_in

HOME = Path(__file__).parents[3]
EXAMPLES = sorted((HOME / "docs" / "examples").glob("cluster-*[!k].yaml"))
EXAMPLES = [file for file in EXAMPLES if ".lock." not in file.name]


@pytest.mark.parametrize("profile", ["serving", "llm-gateway", "full"])
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_clean_in_every_profile(file, profile):
    lines = file.read_text("utf-8").splitlines()
    text = "\n".join(f"profile: {profile}" if x.startswith("profile:") else x for x in lines)
    lock = parse_lock(file.with_suffix(".lock.yaml").read_text("utf-8"), "platform.lock.yaml")
    catalog = load_catalog(HOME)
    plan = make_plan(parse_platform(text + "\n", file.name).platform, lock, catalog)
    files = [one for one in make_tree(plan, catalog).files if one.path != MARKER]
    assert plan.cluster is not None
    report = check_manifests(file.name, files, plan.cluster.kubernetes)
    assert [f for f in report.findings if f.severity != "note"] == []
    assert report.objects > 50


def test_pages_behind_googles_load_balancer_are_clean_as_far_as_their_schemas_are_known():
    plan = plan_with(with_googles_proxies, name="gke-two-teams")
    files = [one for one in make_tree(plan, load_catalog(HOME)).files if one.path != MARKER]
    assert plan.cluster is not None
    report = check_manifests("pages", files, plan.cluster.kubernetes)
    loud = [f for f in report.findings if f.severity != "note"]
    assert {f.code for f in loud} == {"manifest-unknown-kind"}
    assert all("networking.gke.io" in f.what for f in loud)


@pytest.mark.parametrize("change", [with_sign_in, with_everything], ids=lambda it: it.__name__)
def test_everything_that_people_touch_is_clean(change):
    """An issuer of one's own; and Dex, the console, spans and the record of requests."""
    plan = plan_with(change)
    files = [one for one in make_tree(plan, load_catalog(HOME)).files if one.path != MARKER]
    assert plan.cluster is not None
    report = check_manifests("pages", files, plan.cluster.kubernetes)
    assert [f for f in report.findings if f.severity != "note"] == []
    assert {"oauth2-proxy", "tabby", "n8n", "open-webui"} <= {
        one.name for one in plan.cluster.applications
    }


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda it: it.name)
def test_a_variant_that_no_example_is_is_clean_too(variant):
    rendered = render_variant(variant)
    files = [one for one in rendered.tree.files if one.path != MARKER]
    assert rendered.plan.cluster is not None
    report = check_manifests(variant.name, files, rendered.plan.cluster.kubernetes)
    loud = [f for f in report.findings if f.severity != "note"]
    assert [f for f in loud if not _is_googles_own(f)] == []


def _is_googles_own(finding):
    """GKE brings these kinds; no schema of them is shipped, which is said and no more."""
    return finding.code == "manifest-unknown-kind" and "networking.gke.io" in finding.what
