"""Doors in front of apps: who may come in, what they believe, and who vouches for the names."""

import json
import tomllib

import pytest

from llmplat.domain.errors import PlanError
from tests.fakes.cluster_platform import every, find, objects_with, plan_with
from tests.fakes.experience import with_dex, with_googles_proxies, with_sign_in

APPS = ("open-webui", "tabby", "n8n")


@pytest.fixture(scope="module")
def objects():
    return objects_with(with_sign_in)


def settings(objects, app):
    found = [
        one
        for one in every(objects, "ConfigMap")
        if (one["metadata"]["namespace"], one["metadata"]["name"]) == ("sign-in", app)
    ]
    return tomllib.loads(found[0]["data"]["oauth2-proxy.cfg"])


@pytest.mark.parametrize("app", APPS)
def test_only_verified_addresses_of_the_named_domains_come_in(objects, app):
    found = settings(objects, app)
    assert found["email_domains"] == ["example.com"]
    assert found["insecure_oidc_allow_unverified_email"] is False
    # oauth2-proxy lets an address pass that the provider says nothing about; this does not.
    assert (found["oidc_groups_claim"], found["allowed_groups"]) == ("email_verified", ["true"])
    assert found["oidc_issuer_url"].startswith("https://")
    assert found["insecure_oidc_skip_nonce"] is False
    assert found["skip_auth_strip_headers"] is True


def test_no_door_opens_another(objects):
    found = [settings(objects, app) for app in APPS]
    assert len({one["cookie_name"] for one in found}) == len(APPS)
    assert len({one["upstreams"][0] for one in found}) == len(APPS)
    secrets = {
        env["valueFrom"]["secretKeyRef"]["name"]
        for app in APPS
        for env in door(objects, app)["containers"][0]["env"]
        if env["name"] == "OAUTH2_PROXY_COOKIE_SECRET"
    }
    assert secrets == {f"{app}-cookie-key" for app in APPS}
    assert all(one["cookie_name"].startswith("__Host-") and one["cookie_secure"] for one in found)


def door(objects, app):
    (found,) = (
        one
        for one in every(objects, "Deployment")
        if (one["metadata"]["namespace"], one["metadata"]["name"]) == ("sign-in", app)
    )
    return found["spec"]["template"]["spec"]


def test_only_tabby_s_own_clients_pass_without_the_door_asking(objects):
    assert "skip_auth_routes" not in settings(objects, "open-webui")
    assert "skip_auth_routes" not in settings(objects, "n8n")
    routes = settings(objects, "tabby")["skip_auth_routes"]
    assert routes == ["^/v1/", "^/v1beta/"]


def test_the_chat_believes_the_header_only_behind_a_door():
    def values(change=None):
        settings = plan_with(change).cluster.settings
        return dict(settings.app_homes)

    assert values(with_sign_in)["open-webui"] == "https://chat.llm.example.com"
    assert values() == {}


def test_names_share_one_certificate_and_each_listener_takes_one_namespace(objects):
    names = find(objects, "Certificate", "gateway-tls")["spec"]["dnsNames"]
    assert names == [f"{host}.llm.example.com" for host in ("api", "chat", "code", "flows")]
    listeners = find(objects, "Gateway", "edge")["spec"]["listeners"]
    allowed = {
        one["hostname"].partition(".")[0]: one["allowedRoutes"]["namespaces"]["selector"][
            "matchLabels"
        ]["kubernetes.io/metadata.name"]
        for one in listeners
    }
    assert allowed == {
        "api": "llm-gateway",
        "chat": "sign-in",
        "code": "sign-in",
        "flows": "sign-in",
    }


def test_no_secret_stands_in_an_object(objects):
    text = json.dumps([one for items in objects.values() for one in items])
    assert "@KEY@" in text  # put in when the pod starts
    for one in every(objects, "StatefulSet"):
        for container in one["spec"]["template"]["spec"]["containers"]:
            for env in container.get("env", ()):
                assert not env.get("value", "").startswith("sk-")
    assert not every(objects, "Secret")


def test_dex_translates_and_doors_ask_it_inside():
    objects = objects_with(with_dex)
    config = json.loads(find(objects, "ConfigMap", "dex")["data"]["config.json"])
    assert config["connectors"][0]["config"]["clientSecret"] == "$CLIENT_SECRET"
    homes = config["staticClients"][0]["redirectURIs"]
    assert homes[0] == "https://chat.llm.example.com/oauth2/callback"
    found = settings(objects, "open-webui")
    assert found["redirect_url"] in homes
    assert found["oidc_issuer_url"] == config["issuer"] == "https://auth.llm.example.com"
    assert found["redeem_url"].startswith("http://dex.sign-in.svc:5556/")
    names = find(objects, "Certificate", "gateway-tls")["spec"]["dnsNames"]
    assert "auth.llm.example.com" in names


@pytest.mark.parametrize(
    ("dns", "kind", "solver"),
    [
        (
            {"provider": "cloud-dns", "zone": "my-project/z"},
            "ClusterIssuer",
            {"cloudDNS": {"project": "my-project", "hostedZoneName": "z"}},
        ),
        (
            {"provider": "cloudflare", "zone": "z", "tokenSecret": "cf"},
            "Issuer",
            {"cloudflare": {"apiTokenSecretRef": {"name": "cf", "key": "value"}}},
        ),
    ],
)
def test_a_zone_that_can_be_written_brings_a_public_certificate(dns, kind, solver):
    def change(document):
        with_sign_in(document)
        document["dns"] = dns

    objects = objects_with(change)
    issuer = find(objects, kind, "llmplat-acme")
    assert issuer["spec"]["acme"]["solvers"][0]["dns01"] == solver
    reference = find(objects, "Certificate", "gateway-tls")["spec"]["issuerRef"]
    assert (reference["kind"], reference["name"]) == (kind, "llmplat-acme")
    assert "external-dns" in {one.name for one in plan_with(change).components}


def test_a_zone_of_cloud_dns_names_its_project():
    def change(document):
        with_sign_in(document)
        document["dns"] = {"provider": "cloud-dns", "zone": "z"}

    with pytest.raises(PlanError, match="names no project"):
        plan_with(change)


def test_tabby_without_a_model_for_vectors_is_refused():
    def change(document):
        with_sign_in(document)
        document["tenants"][-1]["apps"][1]["models"] = ["assistant"]

    with pytest.raises(PlanError, match="one that answers with vectors"):
        plan_with(change)


def test_the_chat_s_own_app_has_a_budget_and_nothing_confidential():
    def policy(change=None):
        config = find(objects_with(change), "ConfigMap", "gateway-config")["data"]
        return json.loads(config["policy.json"])["tenants"]

    own = policy()["platform"]["apps"]["open-webui"]
    assert own["budget"] == {"nanousd": 5_000_000_000, "period": "month"}
    assert own["models"] == ["assistant", "coder"]  # writer is confidential
    assert "forwards_users" not in own
    given = policy(with_sign_in)
    assert "open-webui" not in given["platform"]["apps"]
    assert given["people"]["apps"]["chat"]["forwards_users"] is True
    assert "forwards_users" not in given["people"]["apps"]["editor"]


@pytest.fixture(scope="module")
def google():
    """On GKE, where the load balancer stands outside the cluster and asks pods by itself."""
    return objects_with(with_googles_proxies, name="gke-two-teams")


def test_googles_load_balancer_asks_every_page_where_it_answers(google):
    asked = {
        (it["metadata"]["namespace"], it["spec"]["targetRef"]["name"]): it["spec"]["default"]
        for it in every(google, "HealthCheckPolicy")
        if it["spec"]["targetRef"]["kind"] == "Service"
    }
    pages = {("sign-in", name) for name in (*APPS, "console", "dex")}
    assert set(asked) == {("llm-gateway", "gateway"), *pages}
    paths = {key: one["config"]["httpHealthCheck"] for key, one in asked.items()}
    assert paths["sign-in", "console"] == {"requestPath": "/ready", "port": 4180}
    assert paths["sign-in", "dex"]["requestPath"] == "/.well-known/openid-configuration"
    assert paths["llm-gateway", "gateway"]["requestPath"] != "/"


def test_googles_load_balancer_waits_longer_than_the_gateway(google):
    limits = {
        it["spec"]["targetRef"]["name"]: it["spec"]["default"]["timeoutSec"]
        for it in every(google, "GCPBackendPolicy")
        if it["spec"]["targetRef"]["kind"] == "Service"
    }
    assert set(limits) == {"gateway", "console", "dex", *APPS}
    assert all(limit > 600 for limit in limits.values())


def test_googles_proxies_and_their_health_checks_alone_reach_a_door(google):
    (walls,) = (
        it
        for it in every(google, "NetworkPolicy")
        if (it["metadata"]["namespace"], it["metadata"]["name"]) == ("sign-in", "open-webui")
    )
    (way,) = walls["spec"]["ingress"]
    ranges = {peer["ipBlock"]["cidr"] for peer in way["from"]}
    assert ranges == {"35.191.0.0/16", "130.211.0.0/22", "10.128.64.0/23"}


def test_inside_the_cluster_nobody_needs_such_a_policy(objects):
    assert every(objects, "HealthCheckPolicy") == []
