"""Every example in every profile behind a mirror: nothing that is rendered or locked names another host."""

from functools import cache
from pathlib import Path

import pytest
import yaml

from llmplat.catalog.chart_images import images_of
from llmplat.catalog.load import load_catalog
from llmplat.domain.hosts import hosts_in, is_allowed
from llmplat.plan.cluster.reach import hosts_of
from llmplat.plan.make import make_plan
from llmplat.render.tree import make_tree
from llmplat.spec.lock import dump_lock
from llmplat.validate.documents import read_all
from llmplat.validate.lint import all_lints
from llmplat.validate.objects import Objects
from tests.fakes.mirrored import CLUSTERS, PROFILES, REGISTRY, mirrored

CATALOG = load_catalog(Path(__file__).parents[2])
OUTSIDE = "api.example.com"
"""A service that two examples name themselves as one that answers from outside."""
SIGN_IN = "login.example.com"
"""Where their people sign in."""
PAGER = "events.pagerduty.com"
"""Where one of them sends alerts."""
ORIGINS = sorted(
    {image.reference.partition("/")[0] for image in CATALOG.images.values()}
    | {
        image.reference.partition("/")[0]
        for component in CATALOG.components.values()
        for image in images_of(component) or ()
    }
    | {"huggingface.co", "pypi.org"}
)


def tree_of(name, profile, **changes):
    return made(name, profile) if not changes else make(name, profile, **changes)


def make(name, profile, **changes):
    platform, lock = mirrored(name, profile, CATALOG, **changes)
    return platform, lock, make_tree(make_plan(platform, lock, CATALOG), CATALOG)


made = cache(make)


@cache
def documents(tree):
    return [
        (file.path, document)
        for file in tree.files
        if file.path.endswith(".yaml")
        for document in yaml.load_all(file.content, yaml.CSafeLoader)
    ]


def foreign(tree, allowed):
    return {
        (found.host, path, found.path)
        for path, document in documents(tree)
        for found in hosts_in(document)
        if not is_allowed(found.host, allowed)
    }


def scalars(value):
    if isinstance(value, dict):
        for key, item in value.items():
            if key != "description":
                yield from scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from scalars(item)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", CLUSTERS)
def test_nothing_names_another_host(name, profile):
    platform, lock, tree = tree_of(name, profile)
    own = {platform.domain, f"*.{platform.domain}", SIGN_IN}
    assert set(hosts_of(platform)) <= {REGISTRY, OUTSIDE, PAGER, *own}
    assert foreign(tree, hosts_of(platform)) == set()
    assert {found.host for found in hosts_in(yaml.load(dump_lock(lock), yaml.CSafeLoader))} == {
        REGISTRY
    }
    # Another way of looking: no host of an origin stands anywhere but below the mirror's path.
    for path, document in documents(tree):
        for text in scalars(document):
            rest = text
            for origin in ORIGINS:
                rest = rest.replace(f"mirror/{origin}/", "").replace(f"mirror/web/{origin}/", "")
                assert f"{origin}/" not in rest or f"/{origin}/" in text, (path, text[:200])


@pytest.mark.parametrize(
    ("receiver", "host"),
    [
        ({"kind": "webhook", "secret": "s"}, None),
        ({"kind": "slack", "secret": "s", "target": "#alerts"}, None),
        ({"kind": "pagerduty", "secret": "s"}, PAGER),
        ({"kind": "pagerduty", "secret": "s", "target": "https://events.eu.x.com/v2"}, "events.eu.x.com"),
        (
            {"kind": "email", "target": "o@x.com", "smtp": {"server": "smtp.x.com:587", "sender": "l@x.com"}},
            "smtp.x.com:587",
        ),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)  # fmt: skip
def test_where_alerts_go_is_known_as_far_as_the_file_names_it(receiver, host):
    platform, _, tree = tree_of("cluster-smallest", "serving", alertReceiver=receiver)
    without, _ = mirrored("cluster-smallest", "serving", CATALOG)
    assert set(hosts_of(platform)) - set(hosts_of(without)) == ({host} if host else set())
    assert foreign(tree, hosts_of(platform)) == set()
    assert {name for name, _, _ in foreign(tree, hosts_of(without))} == ({host} if host else set())


def test_charts_come_from_the_mirror_by_digest():
    _, lock, tree = tree_of("cluster-production", "full")
    sources = [
        document["spec"]["source"]
        for _, document in documents(tree)
        if document["kind"] == "Application"
    ]
    charts = [one for one in sources if "helm" in one]
    assert len(charts) == len(lock.charts)
    assert all(one["repoURL"].startswith(f"oci://{REGISTRY}/mirror/") for one in charts)
    assert {one["targetRevision"] for one in charts} == {chart.digest for chart in lock.charts}


def test_a_planted_image_is_found():
    plant = {"kyverno": {"values": {"features": {"image": "ghcr.io/planted/image:v1"}}}}
    platform, _, tree = tree_of("cluster-production", "full", components=plant)
    assert {host for host, _, _ in foreign(tree, hosts_of(platform))} == {"ghcr.io"}
    check = next(lint for lint in all_lints() if lint.name == "foreign-host")
    manifests = [file for file in tree.files if file.path.endswith(".yaml")]
    found = list(check.find(Objects(read_all(manifests)[0])))
    assert [smell.object.name for smell in found] == ["kyverno"]
