"""The document the gateway enforces."""

import json

from llmplat.plan.policy import allowed_models


def test_the_platforms_own_tenant_is_always_there_and_budgeted(planning):
    own = planning.plan().gateway.policy["tenants"]["platform"]
    assert own["budget"] == {"nanousd": 5_000_000_000, "period": "month"}
    assert "system" in own["apps"]


def test_every_tenant_has_a_budget(planning):
    policy = planning.plan(tenants="[{name: a, apps: [{name: x}]}]").gateway.policy
    assert all(tenant["budget"]["nanousd"] > 0 for tenant in policy["tenants"].values())


def test_aliases_are_resolved_to_names(planning):
    tenants = "[{name: a, models: [gpt], apps: [{name: x}]}]"
    policy = planning.plan(planning.model("aliases: [gpt]"), tenants=tenants).gateway.policy
    assert policy["tenants"]["a"]["models"] == ["m"]
    assert policy["tenants"]["a"]["apps"]["x"]["models"] == ["m"]


def test_a_tenant_never_reaches_a_model_above_its_clearance(planning):
    secret = planning.model("dataClass: confidential").replace("name: m", "name: s")
    file = planning.platform(f"{planning.MODEL}, {secret}").platform
    assert allowed_models(("*",), "internal", file) == ["m"]
    assert allowed_models(("*",), "confidential", file) == ["*"]
    assert allowed_models(("*",), "public", file) == []


def test_an_app_takes_the_tenants_class_unless_it_has_its_own(planning):
    apps = "[{name: x}, {name: y, priorityClass: batch}]"
    policy = planning.plan(tenants=f"[{{name: a, apps: {apps}}}]").gateway.policy
    classes = {name: app["class"] for name, app in policy["tenants"]["a"]["apps"].items()}
    assert classes == {"x": "interactive", "y": "batch"}


def test_it_is_plain_data(planning):
    policy = planning.plan().gateway.policy
    assert json.loads(json.dumps(policy)) == policy
    assert policy["models"]["m"]["capacity"] == {"running": 8, "waiting": 16}
    assert policy["classes"]["batch"] == {"allowance_ms": 60000, "share": 0.5}


_WAY = (
    "{use: fallback, url: 'https://h.example.com/v1', model: big, keySecret: h, "
    "price: {inputUsdPerMillionTokens: 3, outputUsdPerMillionTokens: 15}}"
)


def test_a_way_out_is_in_policy_backends_and_secrets_and_says_whose_data_leaves(planning):
    tenants = "[{name: a, dataClass: public}, {name: b}, {name: c, dataClass: confidential}]"
    model = planning.model(f"dataClass: public, overflow: [{_WAY}]")
    plan = planning.plan(model, tenants=tenants)
    assert plan.models[0].overflow[0].tenants == ("a",)
    assert plan.gateway.policy["models"]["m"]["overflow"] == [
        {
            "use": "fallback",
            "data_class": "public",
            "price": {"input_nanousd_per_token": 3000, "output_nanousd_per_token": 15000},
        }
    ]
    assert [backend.name for backend in plan.gateway.backends] == ["m@0", "m@out0"]
    assert "h" in {one.secret for one in plan.gateway.secret_env}


def test_records_are_kept_on_this_machine(planning):
    assert planning.plan().gateway.policy["ledger"] == {"backlog": 100_000, "keep_s": 34_560_000}
