"""What a platform takes of its project: permissions for a kept address only where one is kept."""

import copy

import yaml

from llmplat.catalog.cloud import load_cloud
from llmplat.plan.gke.gke_plan import inputs_of
from llmplat.plan.gke.needs import cloud_needs
from llmplat.spec.load import parse_platform
from tests.fakes.cluster_platform import catalog, example, plan_with
from tests.fakes.experience import with_googles_gateway

NAME = "gke-two-teams"


def needs_with(change, profile="full"):
    """What that platform takes of its project, and the address that its network keeps."""
    document = copy.deepcopy(example(NAME)) | {"profile": profile}
    change(document)
    platform = parse_platform(yaml.safe_dump(document), "platform.yaml").platform
    plan = plan_with(change, name=NAME, profile=profile)
    inputs = inputs_of(platform, plan.cluster, catalog())
    return cloud_needs(inputs, load_cloud()), inputs.network.inference


def test_keeping_an_address_takes_permissions_of_its_own():
    wanted = {"compute.addresses.createInternal", "compute.addresses.deleteInternal"}
    needs, address = needs_with(with_googles_gateway)
    assert address == "10.128.15.253"
    assert wanted <= set(needs.permissions)
    plain, none = needs_with(lambda _: None)
    assert none is None
    assert set(needs.permissions) - set(plain.permissions) == wanted


def test_a_profile_without_routes_keeps_none():
    needs, address = needs_with(with_googles_gateway, profile="serving")
    assert address is None
    assert not [one for one in needs.permissions if one.startswith("compute.addresses.")]
