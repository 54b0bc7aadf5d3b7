"""The console in a cluster: only where it is asked for, the same bytes, no secret, one way out."""

import json
import tomllib
from pathlib import Path

import pytest

import llmplat
from llmplat.apply.secrets import wanted_secrets
from llmplat.catalog.cluster import load_console_code
from tests.fakes.cluster_platform import every, find, objects_with, plan_with
from tests.fakes.experience import with_everything

NAME = "console.llm.example.com"


def _with_console(document):
    document.setdefault("components", {})["console"] = {"enabled": True}


def _with_name(document):
    _with_console(document)
    document |= {"domain": "llm.example.com", "dns": {"provider": "none"}}


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


def _env(objects):
    (container,) = find(objects, "Deployment", "console")["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one["value"] for one in container["env"]}


def _route(objects):
    (found,) = (it for it in every(objects, "HTTPRoute") if it["metadata"]["name"] == "console")
    return found


def test_without_a_domain_it_has_no_name_and_nobody_comes_by_the_network(objects):
    assert all(it["metadata"]["name"] != "console" for it in every(objects, "HTTPRoute"))
    spec = find(objects, "NetworkPolicy", "console")["spec"]
    assert "ingress" not in spec
    assert "Ingress" in spec["policyTypes"]
    assert "LLMPLAT_CONSOLE_TLS" not in _env(objects)


@pytest.mark.parametrize("profile", ["llm-gateway", "full"])
def test_a_name_leads_to_it_by_tls_and_only_the_edge_reaches_it(profile):
    objects = objects_with(_with_name, profile=profile)
    route = _route(objects)
    assert route["metadata"]["namespace"] == "llm-gateway"
    assert route["spec"]["hostnames"] == [NAME]
    (parent,) = route["spec"]["parentRefs"]
    listeners = find(objects, "Gateway", "edge")["spec"]["listeners"]
    (listener,) = (it for it in listeners if it["name"] == parent["sectionName"])
    assert (listener["hostname"], listener["protocol"]) == (NAME, "HTTPS")
    allowed = listener["allowedRoutes"]["namespaces"]["selector"]["matchLabels"]
    assert allowed == {"kubernetes.io/metadata.name": "llm-gateway"}
    assert NAME in find(objects, "Certificate", "gateway-tls")["spec"]["dnsNames"]
    env = _env(objects)
    assert (env["LLMPLAT_CONSOLE_HOSTS"], env["LLMPLAT_CONSOLE_TLS"]) == (NAME, "1")
    ((peer,),) = (way["from"] for way in _ingress(objects))
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "edge"}


def test_where_people_sign_in_it_stands_behind_a_door_like_every_page():
    objects = objects_with(with_everything)
    assert _route(objects)["metadata"]["namespace"] == "sign-in"
    ((peer,),) = (way["from"] for way in _ingress(objects))
    assert peer["podSelector"]["matchLabels"]["llmplat.dev/app"] == "console"
    config = json.loads(find(objects, "ConfigMap", "dex")["data"]["config.json"])
    homes = config["staticClients"][0]["redirectURIs"]
    assert f"https://{NAME}/oauth2/callback" in homes
    (door,) = (
        tomllib.loads(it["data"]["oauth2-proxy.cfg"])
        for it in every(objects, "ConfigMap")
        if (it["metadata"]["namespace"], it["metadata"]["name"]) == ("sign-in", "console")
    )
    assert door["upstreams"] == ["http://console.llm-gateway.svc/"]
    names = {one.name for one in wanted_secrets(plan_with(with_everything)) if one.is_generated}
    assert "console-cookie-key" in names


def _ingress(objects):
    spaces = ("llm-gateway", "console")
    (found,) = (
        it
        for it in every(objects, "NetworkPolicy")
        if (it["metadata"]["namespace"], it["metadata"]["name"]) == spaces
    )
    return found["spec"]["ingress"]


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
