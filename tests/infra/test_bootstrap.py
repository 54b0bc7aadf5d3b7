"""The bootstrap of Argo CD with pulumi-kubernetes' real classes: pinned, hardened, then left alone."""

import pytest

from llmplat.catalog.load import load_catalog
from llmplat.output.as_json import to_data
from llmplat.render.bootstrap import make_bootstrap
from llmplat.render.values import make_values
from tests.infra.conftest import HOME, planned

CATALOG = load_catalog(HOME)


@pytest.fixture(scope="module")
def inputs():
    _, plan, _ = planned("production")
    return make_bootstrap(plan, CATALOG, kubeconfig="/home/me/kube", context="production")


@pytest.fixture(scope="module")
def found(declare, inputs):
    return declare(to_data(inputs), "bootstrap")


def one(found, kind):
    (resource,) = [r for r in found["resources"] if r["type"] == kind]
    return resource


def test_it_is_one_namespace_one_release_and_nothing_else(found):
    kinds = sorted(r["type"] for r in found["resources"])
    assert kinds == [
        "kubernetes:core/v1:Namespace",
        "kubernetes:helm.sh/v3:Release",
        "pulumi:providers:kubernetes",
    ]
    assert found["outputs"] == ["namespace", "release"]


def test_the_release_is_the_pinned_chart(found):
    release = one(found, "kubernetes:helm.sh/v3:Release")["inputs"]
    pin = CATALOG.components["argo-cd"].version
    assert release["version"] == pin.pinned
    assert release["chart"] == f"{pin.repository}/{pin.chart}"
    assert release["namespace"] == "argocd"
    assert release["createNamespace"] is False


def test_its_values_are_those_that_are_rendered_but_for_monitors(inputs):
    _, plan, _ = planned("production")
    component = CATALOG.components["argo-cd"]
    rendered = make_values(component, plan.cluster.settings, {})
    given = dict(inputs.values)
    for part in ("controller", "repoServer"):
        assert rendered[part]["metrics"]["serviceMonitor"] == {"enabled": True}
        assert given[part]["metrics"]["serviceMonitor"] == {"enabled": False}
        given[part] = rendered[part]
    assert given == rendered


def test_it_is_hardened_and_gates_waves_on_health(found):
    values = one(found, "kubernetes:helm.sh/v3:Release")["inputs"]["values"]
    assert values["global"]["networkPolicy"] == {"create": True, "defaultDenyIngress": True}
    assert values["dex"]["enabled"] is False
    assert values["redisSecretInit"]["enabled"] is False
    assert values["configs"]["cm"]["exec.enabled"] == "false"
    lua = (HOME / "llmplat/render/data/application-health.lua").read_text("utf-8")
    key = "resource.customizations.health.argoproj.io_Application"
    assert values["configs"]["cm"][key].strip() == lua.strip()


def test_later_changes_are_argocds_own(found):
    release = one(found, "kubernetes:helm.sh/v3:Release")
    assert {"chart", "values", "version"} <= set(release["ignoreChanges"])
    namespace = one(found, "kubernetes:core/v1:Namespace")
    assert namespace["ignoreChanges"] == ["metadata"]
    labels = namespace["inputs"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
    assert labels["app.kubernetes.io/managed-by"] == "llmplat"


def test_it_does_not_wait_for_pods_that_wait_for_a_secret_of_ups(found):
    release = one(found, "kubernetes:helm.sh/v3:Release")["inputs"]
    assert release["skipAwait"] is True
    assert "argocd-redis" not in str(found["resources"]).replace("redisSecretInit", "")


def test_a_namespace_that_is_there_will_do(found):
    assert one(found, "pulumi:providers:kubernetes")["inputs"]["upsertExistingObjects"] == "true"


def test_the_cluster_is_named_and_no_credential_passes(found):
    provider = one(found, "pulumi:providers:kubernetes")["inputs"]
    assert provider["kubeconfig"] == "/home/me/kube"
    assert provider["context"] == "production"


def test_without_a_file_those_of_the_environment_are_read(declare, inputs):
    found = declare({**to_data(inputs), "kubeconfig": ""}, "bootstrap")
    provider = one(found, "pulumi:providers:kubernetes")["inputs"]
    assert "kubeconfig" not in provider
    assert provider["context"] == "production"


def test_an_argocd_that_is_adopted_is_not_installed():
    _, plan, _ = planned("production")
    kept = tuple(a for a in plan.cluster.applications if a.name != "argo-cd")
    from dataclasses import replace

    without = replace(plan, cluster=replace(plan.cluster, applications=kept))
    assert make_bootstrap(without, CATALOG, kubeconfig="k", context="c") is None
