"""Applications of a cluster: what becomes one, the wave each is in, what is refused."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from llmplat.catalog.component_entries import Incompatible
from llmplat.domain.errors import LockMissingError, PlanError
from llmplat.plan.make import make_plan
from llmplat.spec.load import load_platform, parse_platform
from llmplat.spec.lock import parse_lock

HOME = Path(__file__).parents[3]
EXAMPLES = HOME / "docs" / "examples"
NAMES = ("smallest", "two-teams", "production")
PROFILES = ("serving", "llm-gateway", "full")


@pytest.fixture
def catalog(planning):
    return planning.catalog()


def text_of(name, profile=None):
    text = (EXAMPLES / f"cluster-{name}.yaml").read_text("utf-8")
    if profile is None:
        return text
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("profile:"))
    return kept.replace("kind: Platform", f"kind: Platform\nprofile: {profile}") + "\n"


def lock_of(name):
    return parse_lock((EXAMPLES / f"cluster-{name}.lock.yaml").read_text("utf-8"), "lock")


def plan_of(name, catalog, profile=None, change=("", "")):
    platform = parse_platform(text_of(name, profile).replace(*change), "platform.yaml").platform
    return make_plan(platform, lock_of(name), catalog)


def applications(plan):
    return {one.name: one for one in plan.cluster.applications}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("profile", PROFILES)
def test_waves_rise_along_what_is_required_and_along_layers(name, profile, catalog):
    plan = plan_of(name, catalog, profile)
    mine = applications(plan)
    order = [layer.name for layer in plan.layers]
    for one in mine.values():
        assert all(mine[required].wave < one.wave for required in one.requires), one.name
    for lower, upper in itertools.pairwise(order):
        last = max((one.wave for one in mine.values() if one.layer == lower), default=-1)
        first = min((one.wave for one in mine.values() if one.layer == upper), default=10**6)
        assert last < first


@pytest.mark.parametrize("name", NAMES)
def test_a_wider_profile_has_all_that_a_narrower_has(name, catalog):
    held = [set(applications(plan_of(name, catalog, profile))) for profile in PROFILES]
    assert held[0] < held[1] < held[2]


def test_waves_are_all_there_from_0_on(catalog):
    waves = {one.wave for one in plan_of("production", catalog).cluster.applications}
    assert waves == set(range(max(waves) + 1))


def test_a_chart_with_objects_becomes_two_the_objects_after_it(catalog):
    mine = applications(plan_of("smallest", catalog))
    assert mine["kueue"].chart is not None
    assert mine["kueue-config"].has_objects
    assert "kueue" in mine["kueue-config"].requires


def test_objects_that_a_chart_needs_come_before_it(catalog):
    mine = applications(plan_of("production", catalog))
    assert "open-webui-config" in mine["open-webui"].requires
    assert mine["open-webui-config"].wave < mine["open-webui"].wave


def test_each_model_has_its_own_and_its_route_waits_for_it_alone(catalog):
    mine = applications(plan_of("two-teams", catalog))
    assert mine["model-writer"].namespace == "models-team-a"
    models = [name for name in mine["route-writer"].requires if name.startswith("model-")]
    assert models == ["model-writer"]


def test_resource_types_come_a_wave_before_whoever_writes_them(catalog):
    mine = applications(plan_of("smallest", catalog))
    for early, late in (
        ("prometheus-operator-crds", "kube-prometheus-stack"),
        ("gateway-api", "inference-gateway"),
        ("agentgateway-crds", "agentgateway"),
        ("inference-pool", "route-qwen3-small"),
        ("llm-d-router", "route-qwen3-small"),
    ):
        assert mine[early].wave < mine[late].wave, (early, late)


def test_gke_owns_its_gateway_types(catalog):
    plan = plan_of("production", catalog)
    assert {"gateway-api", "inference-pool"} & set(applications(plan)) == set()
    reasons = {left.name: left.why for left in plan.left_out}
    assert "GKE installs and owns" in reasons["gateway-api"]


@pytest.mark.parametrize(
    ("stack", "present", "absent"),
    [
        ("", "dcgm-exporter", "gpu-operator"),
        ("gpuStack: operator", "gpu-operator", "dcgm-exporter"),
    ],
)
def test_the_gpu_stack_decides_who_installs_and_who_measures(stack, present, absent, catalog):
    change = ('kubernetes: "1.34"', f'kubernetes: "1.34"\n    {stack}')
    mine = applications(plan_of("smallest", catalog, change=change))
    assert present in mine
    assert absent not in mine


def test_charts_that_the_lock_lacks_are_told_all_at_once(catalog):
    lock = lock_of("smallest").model_copy(update={"charts": ()})
    platform = load_platform(EXAMPLES / "cluster-smallest.yaml").platform
    with pytest.raises(LockMissingError) as caught:
        make_plan(platform, lock, catalog)
    assert "kueue 0.19.2" in (caught.value.why or "")
    assert len(caught.value.findings) > 5
    assert caught.value.fix == ("llmplat lock",)


def test_an_image_that_the_lock_lacks_is_named(catalog):
    lock = lock_of("smallest").model_copy(update={"images": ()})
    platform = load_platform(EXAMPLES / "cluster-smallest.yaml").platform
    with pytest.raises(LockMissingError, match="does not hold the image"):
        make_plan(platform, lock, catalog)


@pytest.mark.parametrize(
    ("change", "what", "why"),
    [
        (('"1.34"', '"1.30"'), "argo-cd cannot run on Kubernetes 1.30", "made for 1.33 to 1.36"),
        (
            ('kubernetes: "1.34"', 'kubernetes: "1.34"\n    abilities: {networkPolicy: false}'),
            "does not enforce network policies",
            "past keys, budgets and limits",
        ),
        (
            ("modelRepository", "components: {open-webui: {enabled: true}}\nmodelRepository"),
            "open-webui belongs to no layer of this profile",
            "its layer is experience; the profile ends at llm-gateway",
        ),
        (
            ("modelRepository", "components: {cert-manager: {enabled: false}}\nmodelRepository"),
            "cert-manager cannot be turned off",
            "requires it",
        ),
        (
            ("modelRepository", "components: {keda2: {enabled: true}}\nmodelRepository"),
            "no component called keda2",
            "did you mean keda?",
        ),
        (
            ("modelRepository", "components: {gpu-operator: {enabled: true}}\nmodelRepository"),
            "gpu-operator cannot run on the substrate cluster",
            "GPU drivers are already there",
        ),
        (
            ("modelRepository", "components: {vllm: {values: {a: 1}}}\nmodelRepository"),
            "values of the component vllm are read by nobody",
            "it has no chart",
        ),
        (
            (
                "modelRepository",
                "components: {kserve: {enabled: false, values: {a: 1}}}\nmodelRepository",
            ),
            "values of the component kserve are read by nobody",
            "does not run in this platform",
        ),
        (
            (
                "modelRepository",
                "components: {keda: {values: {operatr: {replicaCount: 2}}}}\nmodelRepository",
            ),
            "the component keda knows no value operatr",
            "Helm would ignore it silently",
        ),
        (
            (
                "modelRepository",
                "components: {keda: {values: {operator: {replicas: 2}}}}\nmodelRepository",
            ),
            "the component keda knows no value operator.replicas",
            "Helm would ignore it silently",
        ),
        (
            ("modelRepository", "gateway: {dataPlane: gke-gateway}\nmodelRepository"),
            "data plane gke-gateway is not there",
            "on GKE only",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(change, what, why, catalog):
    with pytest.raises(PlanError) as caught:
        plan_of("smallest", catalog, change=change)
    told = " ".join([caught.value.what, *(f.what for f in caught.value.findings)])
    reasons = " ".join([caught.value.why or "", *(f.why or "" for f in caught.value.findings)])
    assert what in told
    assert why in reasons
    assert caught.value.exit_code == 4


def test_a_pair_that_is_known_to_disagree_is_refused(catalog):
    pair = Incompatible(
        "https://example.com", "2026-01-01", "keda", ">=2", "kueue", "", "they fight"
    )
    with pytest.raises(PlanError, match="keda and kueue disagree") as caught:
        plan_of("smallest", replace(catalog, incompatible=(pair,)))
    assert "they fight" in (caught.value.why or "")


def test_two_components_that_own_one_thing_are_refused(catalog):
    kueue = replace(catalog.components["kueue"], owns=("external.metrics.k8s.io",))
    changed = replace(catalog, components={**catalog.components, "kueue": kueue})
    with pytest.raises(PlanError, match=r"both own external\.metrics\.k8s\.io"):
        plan_of("smallest", changed)


def test_a_platform_on_this_machine_has_no_cluster(planning):
    assert planning.plan().cluster is None


def test_gitops_is_needed_and_only_one_place(catalog):
    from llmplat.domain.errors import SpecError

    text = text_of("smallest").replace(
        "gitops:\n  oci: {repository: registry.example.com/team/smallest}\n", ""
    )
    with pytest.raises(SpecError) as caught:
        parse_platform(text, "platform.yaml")
    assert any("gitops names no source" in f.what for f in caught.value.findings)


@pytest.mark.parametrize(("model", "gpu"), [("writer", "l4"), ("assistant", "h100-80gb")])
def test_auto_is_the_smallest_gpu_that_fits(model, gpu, catalog):
    lines = text_of("two-teams").splitlines()
    at = lines.index(f"  - name: {model}")
    where = next(i for i in range(at, len(lines)) if lines[i].startswith("    gpu: "))
    lines[where] = "    gpu: auto"
    platform = parse_platform("\n".join(lines) + "\n", "platform.yaml").platform
    plan = make_plan(platform, lock_of("two-teams"), catalog)
    assert next(m for m in plan.models if m.name == model).gpu == gpu


def test_a_model_that_fits_no_gpu_of_the_cluster_is_refused(catalog):
    change = (
        "source: hf://Qwen/Qwen3-32B@main\n    package: true\n    gpu: h100-80gb",
        "source: hf://Qwen/Qwen3-32B@main\n    package: true\n    gpu: l4",
    )
    with pytest.raises(PlanError) as caught:
        plan_of("two-teams", catalog, change=change)
    assert caught.value.code == "fit-impossible"


def test_a_gpu_is_priced_as_clouds_rent_it(catalog):
    how = next(m for m in plan_of("production", catalog).models if m.name == "writer").price.how
    assert "one GPU of g2-standard" in how
    assert "in europe-west4" in how


def test_an_optional_component_draws_in_what_it_requires(catalog):
    change = ("modelRepository", "components: {kserve: {enabled: true}}\nmodelRepository")
    mine = applications(plan_of("smallest", catalog, change=change))
    assert mine["kserve-crd"].wave < mine["kserve"].wave < mine["model-qwen3-small"].wave


def test_googles_data_plane_needs_no_controller_of_ours(catalog):
    change = ("gateway: {workers", "gateway: {dataPlane: gke-gateway, workers")
    mine = applications(plan_of("production", catalog, change=change))
    assert "inference-gateway" in mine
    assert "agentgateway" not in mine


def test_an_argo_cd_that_is_there_is_adopted_with_a_warning(catalog):
    change = ("modelRepository", "components: {argo-cd: {enabled: false}}\nmodelRepository")
    plan = plan_of("smallest", catalog, change=change)
    assert "argo-cd" not in applications(plan)
    assert any("argocd-cm holds the health scripts" in warning for warning in plan.warnings)
    assert not any("argo-cd" in warning for warning in plan_of("smallest", catalog).warnings)


def test_a_gke_too_old_for_its_own_types_is_refused(catalog):
    with pytest.raises(PlanError, match="lacks the Gateway API's types"):
        plan_of("production", catalog, change=('kubernetes: "1.35"', 'kubernetes: "1.33"'))
