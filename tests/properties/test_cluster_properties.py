"""Laws of clusters over generated platform files: layers, waves, bytes, paths, names."""

import itertools
import re
from functools import lru_cache
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmplat.catalog.load import load_catalog
from llmplat.plan.make import make_plan
from llmplat.render.tree import make_tree
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import parse_lock

HOME = Path(__file__).parents[2]
CATALOG = load_catalog(HOME)
EXAMPLE = HOME / "docs" / "examples" / "cluster-two-teams.lock.yaml"
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.:]{0,251}[a-z0-9])?")
PROFILES = ("serving", "llm-gateway", "full")

names = st.from_regex(r"\A[a-z]([-a-z0-9]{0,18}[a-z0-9])?\Z")
owners = st.sampled_from(["platform", "team-a", "team-b"])
models = st.lists(
    st.fixed_dictionaries(
        {
            "name": names,
            "owner": owners,
            "concurrency": st.integers(1, 8),
            "most": st.integers(1, 4),
        }
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda model: model["name"],
)
substrates = st.sampled_from(
    [
        "{cluster: {context: c, gpus: [{name: l4, count: 64}]}}",
        '{cluster: {context: c, kubernetes: "1.36", gpuStack: operator, gpus: [{name: l4, count: 64}]}}',
        (
            "{gke: {project: my-project, region: europe-west4, pools: ["
            "{name: system, machine: e2-standard-4, max: 3},"
            " {name: l4, machine: g2-standard-8, gpu: l4, count: 1, max: 64}]}}"
        ),
    ]
)
deliveries = st.sampled_from(
    [
        "{oci: {repository: r.example.com/a/b}}",
        "{git: {url: 'https://g.example.com/x.git', path: p/q}}",
    ]
)
tiers = st.sampled_from(["economy", "high-availability"])
files = st.tuples(models, substrates, deliveries, tiers)


def text_of(file, profile):
    wanted, substrate, gitops, tier = file
    lines = [
        "apiVersion: llmplat.dev/v1alpha1", "kind: Platform", "name: demo", f"profile: {profile}",
        f"substrate: {substrate}", f"gitops: {gitops}", f"tier: {tier}",
        "modelRepository: r.example.com/m", "tenants:",
        "  - {name: team-a, apps: [{name: web}]}", "  - {name: team-b}", "models:",
    ]  # fmt: skip
    lines += [
        f"  - {{name: {m['name']}, owner: {m['owner']}, source: 'hf://Qwen/Qwen3-0.6B@main', "
        f"package: true, gpu: l4, context: 2048, concurrency: {m['concurrency']}, "
        f"replicas: {{min: 1, max: {m['most']}}}}}"
        for m in wanted
    ]
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=1)
def example_lock():
    return parse_lock(EXAMPLE.read_text("utf-8"), "lock")


def lock_for(wanted):
    lock = example_lock()
    like = next(model for model in lock.models if model.name == "coder")
    locked = tuple(
        like.model_copy(
            update={
                "name": m["name"],
                "image": f"r.example.com/m/{m['name']}@{(like.image or '').partition('@')[2]}",
            }
        )
        for m in wanted
    )
    return lock.model_copy(update={"models": locked})


def plan_of(file, profile):
    platform = parse_platform(text_of(file, profile), "platform.yaml").platform
    return make_plan(platform, lock_for(file[0]), CATALOG)


few = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(files)
def test_everything_in_a_profile_is_in_the_next(file):
    held = [{one.name for one in plan_of(file, p).cluster.applications} for p in PROFILES]
    assert all(less <= more for less, more in itertools.pairwise(held))


@few
@given(files, st.sampled_from(PROFILES))
def test_waves_never_fall_along_a_dependency(file, profile):
    planned = {one.name: one for one in plan_of(file, profile).cluster.applications}
    for one in planned.values():
        assert all(planned[required].wave < one.wave for required in one.requires)


@few
@given(files)
def test_every_requirement_is_met_by_the_same_or_a_lower_layer(file):
    plan = plan_of(file, "full")
    order = {layer.name: layer.order for layer in plan.layers}
    layer = {one.name: one.layer for one in plan.cluster.applications}
    for one in plan.cluster.applications:
        assert all(order[layer[required]] <= order[one.layer] for required in one.requires)


@few
@given(files, st.sampled_from(PROFILES))
def test_rendering_twice_is_byte_identical(file, profile):
    first, second = (make_tree(plan_of(file, profile), CATALOG) for _ in range(2))
    assert first == second


@few
@given(files)
def test_the_order_of_models_changes_no_object(file):
    wanted, *rest = file
    one = make_tree(plan_of(file, "serving"), CATALOG)
    other = make_tree(plan_of((wanted[::-1], *rest), "serving"), CATALOG)
    paths = [f"apps/model-{m['name']}" for m in wanted]
    mine = [f for f in one.files if f.path.startswith(tuple(paths))]
    theirs = [f for f in other.files if f.path.startswith(tuple(paths))]
    assert mine == theirs


@few
@given(files)
def test_names_are_dns_labels_and_no_path_leaves_the_root(file):
    tree = make_tree(plan_of(file, "full"), CATALOG)
    for rendered in tree.files:
        assert not rendered.path.startswith("/")
        assert ".." not in rendered.path.split("/")
        if (
            not rendered.path.startswith(("apps/", "root/applications"))
            or len(rendered.content) > 20_000
        ):
            continue
        for item in yaml.load_all(rendered.content, Loader=yaml.CSafeLoader):
            check_names(item, rendered.path)


def check_names(item, path):
    metadata = item["metadata"]
    assert SUBDOMAIN.fullmatch(metadata["name"]), path
    assert LABEL.fullmatch(metadata.get("namespace", "x")), path
    if item["kind"] in {"Namespace", "Service"}:
        assert LABEL.fullmatch(metadata["name"]), path
    assert all(len(value) <= 63 for value in metadata.get("labels", {}).values()), path


@few
@given(files)
def test_no_secret_value_and_no_tag_is_rendered(file):
    tree = make_tree(plan_of(file, "full"), CATALOG)
    for rendered in tree.files:
        assert not re.search("^kind: Secret$", rendered.content, re.MULTILINE), rendered.path
        for found in re.findall(r"^\s*(?:- )?image: (\S+)$", rendered.content, re.MULTILINE):
            if rendered.path.startswith("apps/"):
                assert "@sha256:" in found, (rendered.path, found)
