"""Shortages made by changing good projects: all are named, and a good project lacks nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from llmplat.apply.gke_preflight import CloudPreflight, look_at_project, refuse_unready
from llmplat.catalog.cloud import load_cloud
from llmplat.domain.errors import (
    CloudError,
    CloudRefusedError,
    CredentialsError,
    InputError,
    PreconditionError,
)
from llmplat.plan.gke.needs import CloudNeeds
from tests.cloud.conftest import client
from tests.cloud.projects import GKES, good_project, needs_of
from tests.fakes.google import FakeProject

Serve = Callable[[FakeProject], FakeProject]


def look(needs: CloudNeeds, project: FakeProject, *waive: str) -> CloudPreflight:
    return look_at_project(needs, client(project), load_cloud(), waive)


def codes(needs: CloudNeeds, project: FakeProject) -> list[str]:
    return [one.code for one in look(needs, project).findings]


@pytest.mark.parametrize("name", GKES)
def test_a_good_project_lacks_nothing(name: str, serve: Serve) -> None:
    needs = needs_of(name)
    project = serve(good_project(needs))
    assert codes(needs, project) == []
    assert project.writes == []


@pytest.mark.parametrize("name", GKES)
def test_every_quota_one_short_is_named_with_its_figures(name: str, serve: Serve) -> None:
    needs = needs_of(name)
    project = serve(good_project(needs))
    figures = project.region_quotas[needs.region]
    for figure, (limit, usage) in list(figures.items()):
        if figure == "PREEMPTIBLE_CPUS" and limit == 1.0:
            continue
        figures[figure] = (limit - 1, usage)
        found = look(needs, project).findings
        assert [one.code for one in found] == [f"quota-{figure}"]
        assert f"{limit - usage:g} needed, {limit - usage - 1:g} left" in found[0].what
        assert any("quotas?project=my-project" in fix for fix in found[0].fix)
        figures[figure] = (limit, usage)
    for figure, (limit, usage) in list(project.global_quotas.items()):
        project.global_quotas[figure] = (limit - 1, usage)
        assert codes(needs, project) == [f"quota-{figure}"]
        project.global_quotas[figure] = (limit, usage)
    for (region, family), limit in list(project.families.items()):
        project.families[region, family] = limit - 1
        assert codes(needs, project) == [f"quota-GPUS_PER_GPU_FAMILY-{family}"]
        project.families[region, family] = limit


def test_every_api_and_permission_is_named(serve: Serve) -> None:
    """They are the same for every platform, whatever its pools."""
    needs = needs_of("l4-spot")
    project = serve(good_project(needs))
    for api in needs.apis:
        project.enabled.remove(api)
        found = look(needs, project).findings
        assert [one.code for one in found] == [f"api-{api.removesuffix('.googleapis.com')}"]
        assert found[0].fix == (f"gcloud services enable {api} --project my-project",)
        project.enabled.add(api)
    for permission in needs.permissions:
        project.permissions.remove(permission)
        found = look(needs, project).findings
        assert [one.code for one in found] == [f"permission-{permission}"]
        assert f"--role={load_cloud().role_of(permission)}" in found[0].fix[0]
        project.permissions.add(permission)


@pytest.mark.parametrize("name", GKES)
def test_every_zone_without_a_machine_or_accelerator_is_named(name: str, serve: Serve) -> None:
    needs = needs_of(name)
    project = serve(good_project(needs))
    bound = {(zone, one.machine) for one in needs.pools for zone in one.zones}
    for zone, machine in list(project.machines):
        vcpus = project.machines.pop((zone, machine))
        expected = [f"machine-{machine}-{zone}"] if (zone, machine) in bound else []
        assert codes(needs, project) == expected
        project.machines[zone, machine] = vcpus
    bound = {(zone, one.accelerator) for one in needs.pools for zone in one.zones}
    for zone, label in list(project.accelerators):
        project.accelerators.remove((zone, label))
        expected = [f"accelerator-{label}-{zone}"] if (zone, label) in bound else []
        assert codes(needs, project) == expected
        project.accelerators.add((zone, label))


def test_a_gpu_that_no_zone_of_the_region_has_is_named_for_each(serve: Serve) -> None:
    needs = needs_of("l4-spot")
    project = serve(good_project(needs))
    project.accelerators.clear()
    assert codes(needs, project) == [
        f"accelerator-nvidia-l4-europe-west4-{letter}" for letter in "abc"
    ]


def test_all_that_is_missing_is_told_together_and_nothing_is_made(serve: Serve) -> None:
    needs = needs_of("l4-and-h100")
    project = serve(good_project(needs))
    project.billing = False
    project.enabled.remove("secretmanager.googleapis.com")
    project.permissions.remove("container.clusters.create")
    project.region_quotas["us-central1"]["NVIDIA_L4_GPUS"] = (1.0, 0.0)
    project.global_quotas["GPUS_ALL_REGIONS"] = (0.0, 0.0)
    project.accelerators.remove(("us-central1-b", "nvidia-l4"))
    project.versions["REGULAR"] = ["1.35.0-gke.1"]
    project.networks["demo"] = {"name": "demo", "description": "made by hand"}
    report = look(needs, project)
    with pytest.raises(PreconditionError) as caught:
        refuse_unready(report)
    assert [one.code for one in caught.value.findings] == [
        "api-secretmanager",
        "billing",
        "permission-container.clusters.create",
        "accelerator-nvidia-l4-us-central1-b",
        "quota-NVIDIA_L4_GPUS",
        "quota-GPUS_ALL_REGIONS",
        "version-1.34",
        "name-network",
    ]
    assert all(one.why and one.fix for one in caught.value.findings)
    assert caught.value.exit_code == 5
    assert project.writes == []


def test_what_is_waived_by_name_is_told_and_no_longer_stops(serve: Serve) -> None:
    needs = needs_of("l4-spot")
    project = serve(good_project(needs))
    project.billing = False
    project.global_quotas["GPUS_ALL_REGIONS"] = (0.0, 0.0)
    report = look(needs, project, "quota-GPUS_ALL_REGIONS")
    assert [one.code for one in report.findings] == ["billing"]
    assert [one.code for one in report.waived] == ["quota-GPUS_ALL_REGIONS"]
    refuse_unready(look(needs, project, "billing", "quota-GPUS_ALL_REGIONS"))


def test_a_waiver_of_something_that_is_not_missing_is_refused(serve: Serve) -> None:
    needs = needs_of("l4-spot")
    with pytest.raises(InputError, match="nothing of that name"):
        look(needs, serve(good_project(needs)), "quota-NVIDIA_L4_GPU")


def test_a_figure_that_the_cloud_does_not_state_is_said(serve: Serve) -> None:
    needs = needs_of("l4-and-h100")
    project = serve(good_project(needs))
    del project.region_quotas["us-central1"]["NVIDIA_L4_GPUS"]
    project.families.clear()
    found = look(needs, project).findings
    assert [one.code for one in found] == [
        "quota-NVIDIA_L4_GPUS",
        "quota-GPUS_PER_GPU_FAMILY-NVIDIA_H100",
    ]
    assert "not known" in found[0].what


def test_spot_counts_as_the_rest_where_the_project_has_no_preemptible_cpus(serve: Serve) -> None:
    needs = needs_of("l4-spot")
    project = serve(good_project(needs))
    figures = project.region_quotas["europe-west4"]
    figures["PREEMPTIBLE_CPUS"] = (0.0, 0.0)
    assert codes(needs, project) == ["quota-CPUS"]
    figures["CPUS"] = (3 * 4 + 4 * 8, 0.0)
    assert codes(needs, project) == []


def test_an_api_that_the_look_itself_needs_is_a_finding(serve: Serve) -> None:
    needs = needs_of("l4-spot")
    project = serve(good_project(needs))
    project.enabled.remove("compute.googleapis.com")
    project.disabled.add("compute.googleapis.com")
    assert codes(needs, project) == ["api-compute"]


def test_what_may_not_be_read_is_a_finding_of_its_own(serve: Serve) -> None:
    needs = needs_of("l4-spot")
    project = serve(good_project(needs))
    project.denied.add("serverConfig")
    found = look(needs, project).findings
    assert [one.code for one in found] == ["unread-version"]


def test_names_of_ours_are_free_for_us_and_taken_for_others(serve: Serve) -> None:
    needs = needs_of("l4-spot")
    project = serve(good_project(needs))
    project.clusters["demo"] = {"name": "demo", "resourceLabels": {"llmplat-platform": "demo"}}
    project.networks["demo"] = {"name": "demo", "description": "llmplat platform demo"}
    needs = replace(needs, repositories=("models",))
    project.repositories["models"] = {"name": "models", "labels": {"llmplat-platform": "demo"}}
    assert codes(needs, project) == []
    project.repositories["models"]["labels"] = {"llmplat-platform": "other"}
    found = look(needs, project).findings
    assert [one.code for one in found] == ["name-repository"]
    assert found[0].why == "it belongs to the platform other"


def test_our_own_machines_are_not_counted_twice(serve: Serve) -> None:
    needs = needs_of("l4-and-h100")
    project = serve(good_project(needs))
    project.clusters["demo"] = {"name": "demo", "resourceLabels": {"llmplat-platform": "demo"}}
    figures = project.region_quotas["us-central1"]
    for figure, (limit, _usage) in figures.items():
        figures[figure] = (limit, limit)
    for figure, (limit, _usage) in project.global_quotas.items():
        project.global_quotas[figure] = (limit, limit)
    assert codes(needs, project) == []


def test_a_project_that_is_not_there_and_one_that_goes(serve: Serve) -> None:
    needs = needs_of("l4-spot")
    project = serve(good_project(needs))
    project.is_visible = False
    with pytest.raises(CloudRefusedError, match="no project my-project") as caught:
        look(needs, project)
    assert caught.value.exit_code == 5
    project.is_visible, project.state = True, "DELETE_REQUESTED"
    with pytest.raises(CloudRefusedError, match="being deleted"):
        look(needs, project)


def test_a_token_that_is_not_accepted(serve: Serve) -> None:
    needs = needs_of("l4-spot")
    project = serve(good_project(needs))
    with pytest.raises(CredentialsError) as caught:
        look_at_project(needs, client(project, "old"), load_cloud())
    assert caught.value.exit_code == 5
    assert caught.value.fix == ("gcloud auth application-default login",)


def test_a_cloud_that_is_busy_for_a_moment_and_for_good(serve: Serve) -> None:
    needs = needs_of("l4-spot")
    project = serve(good_project(needs))
    project.busy = [503, 429, 500]
    assert codes(needs, project) == []
    project.busy = [503] * 4
    with pytest.raises(CloudError, match="did not answer"):
        look(needs, project)
