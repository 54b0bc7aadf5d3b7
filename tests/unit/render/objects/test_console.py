"""The console in a cluster: only where it is asked for, the same bytes, no secret, one way out."""

from pathlib import Path

import pytest

import llmplat
from llmplat.catalog.cluster import load_console_code
from tests.fakes.cluster_platform import every, find, objects_with, plan_with


def _with_console(document):
    document.setdefault("components", {})["console"] = {"enabled": True}


@pytest.fixture(scope="module")
def objects():
    return objects_with(_with_console)


def test_without_the_component_there_is_none():
    names = {one["metadata"]["name"] for one in every(objects_with(), "Deployment")}
    assert "console" not in names


def test_the_code_is_the_package_byte_for_byte(objects):
    data = find(objects, "ConfigMap", "console-code")["data"]
    folder = Path(llmplat.__file__).parent / "console"
    assert data == {file.name: file.read_text() for file in folder.iterdir() if file.is_file()}
    assert {"asgi.py", "tenant.html", "console.css", "console.js"} <= set(data)


def test_it_holds_no_secret_and_no_token(objects):
    pod = find(objects, "Deployment", "console")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert all("valueFrom" not in one for one in container["env"])
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_it_reaches_the_gateway_and_nothing_else(objects):
    spec = find(objects, "NetworkPolicy", "console")["spec"]
    (way,) = spec["egress"]
    (to,) = way["to"]
    assert to["podSelector"]["matchLabels"] == {"llmplat.dev/role": "gateway"}
    assert [port["port"] for port in way["ports"]] == [8000]


def test_the_service_leads_to_its_pods(objects):
    service = find(objects, "Service", "console")["spec"]
    labels = find(objects, "Deployment", "console")["spec"]["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()
    assert service["type"] == "ClusterIP"


def test_a_change_of_a_page_replaces_the_pod(objects, monkeypatch):
    def mark(found):
        template = find(found, "Deployment", "console")["spec"]["template"]
        return template["metadata"]["annotations"]["llmplat.dev/config-hash"]

    before = mark(objects)
    changed = dict(load_console_code()) | {"tenant.html": "other"}
    monkeypatch.setattr("llmplat.plan.cluster.console.load_console_code", lambda: changed)
    assert mark(objects_with(_with_console)) != before


def test_it_comes_after_the_gateway():
    waves = {one.name: one.wave for one in plan_with(_with_console).cluster.applications}
    assert waves["litellm"] < waves["console"]
