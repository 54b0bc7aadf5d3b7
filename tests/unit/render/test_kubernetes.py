"""Deployments: what every container must be, whatever it runs."""

from pathlib import Path

import pytest

from llmplat.catalog.load import load_catalog
from llmplat.plan.make import make_plan
from llmplat.render.kubernetes import Image, make_engine_objects, make_gateway_objects
from llmplat.spec.load import default_platform

HOME = Path(__file__).parents[3]
PLAN = make_plan(default_platform().platform, None, load_catalog(HOME))
IMAGE = Image("registry.example.com/x@sha256:" + "0" * 64)
OBJECTS = {
    "engine": make_engine_objects(PLAN.engines[0], IMAGE),
    "gateway": make_gateway_objects(PLAN.gateway, IMAGE),
}


@pytest.fixture(params=OBJECTS)
def pair(request):
    return OBJECTS[request.param]


def test_containers_are_restricted(pair):
    pod = pair[0]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    security = pod["containers"][0]["securityContext"]
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}


def test_secrets_come_by_reference_only(pair):
    env = pair[0]["spec"]["template"]["spec"]["containers"][0]["env"]
    held = [item for item in env if "KEY" in item["name"] or "PASSWORD" in item["name"]]
    assert held
    assert all("secretKeyRef" in item["valueFrom"] for item in held)


def test_the_service_finds_the_pods(pair):
    deployment, service = pair
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == labels
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert service["spec"]["ports"][0]["targetPort"] == "http"


def test_every_mount_has_its_volume(pair):
    pod = pair[0]["spec"]["template"]["spec"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in pod["containers"][0]["volumeMounts"]} == volumes


def test_an_engine_is_replaced_not_doubled():
    assert OBJECTS["engine"][0]["spec"]["strategy"] == {"type": "Recreate"}
