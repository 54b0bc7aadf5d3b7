"""The production example is clean; broken in any of these ways, it is found."""

from collections.abc import Callable
from typing import Any

import pytest

from llmplat.validate.manifests import check_manifests
from tests.unit.validate.rendered import (
    KUBERNETES,
    broken,
    documents,
    edit_json,
    edit_yaml,
    find,
    found_in,
    manifests,
)

ENGINE = ("Deployment", "engine-writer")
SCALER = ("ScaledObject", "engine-writer")
CONFIG = ("ConfigMap", "gateway-config")
OPTIONS = "argocd.argoproj.io/sync-options"
WAVE = "argocd.argoproj.io/sync-wave"
QUEUE = "kueue.x-k8s.io/queue-name"


def put(*path: str | int, to: Any) -> Callable[[Any], None]:
    def change(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = to

    return change


def drop(*path: str | int) -> Callable[[Any], None]:
    def change(value: Any) -> None:
        for step in path[:-1]:
            value = value[step]
        del value[path[-1]]

    return change


def in_policy(change: Callable[[Any], None]) -> Callable[[Any], None]:
    return lambda value: edit_json(value, "policy.json", change)


def in_litellm(change: Callable[[Any], None]) -> Callable[[Any], None]:
    return lambda value: edit_yaml(value, "litellm.yaml", change)


POD = ("spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)
TRIGGER = ("spec", "triggers", 0, "metadata")
VALUES = ("spec", "source", "helm", "valuesObject")
RULE = ("spec", "rules", 0)
QUOTA = ("spec", "resourceGroups", 0, "flavors", 0, "resources", 0, "nominalQuota")

CHANGES: dict[str, tuple[tuple[str, str], Callable[[Any], None], str]] = {
    # What the API server would refuse.
    "unknown field": (ENGINE, put(*CONTAINER, "imagePulPolicy", to="Always"), "manifest-schema"),
    "wrong type": (ENGINE, put("spec", "progressDeadlineSeconds", to="soon"), "manifest-schema"),
    "a text for a number": (ENGINE, put(*POD, "terminationGracePeriodSeconds", to="620"), "manifest-schema"),
    "missing selector": (ENGINE, drop("spec", "selector"), "manifest-schema"),
    "bad quantity": (ENGINE, put(*CONTAINER, "resources", "limits", "memory", to="lots"), "manifest-schema"),
    "two ports of one name": (("Service", "gateway"), lambda v: v["spec"]["ports"].append(dict(v["spec"]["ports"][0])), "manifest-schema"),
    "enum of a CRD": (("InferencePool", "writer"), put("spec", "endpointPickerRef", "failureMode", to="FailClosed"), "manifest-schema"),
    "bound of a CRD": (("InferencePool", "writer"), put("spec", "targetPorts", 0, "number", to=70000), "manifest-schema"),
    "field of an older API": (("ClusterQueue", "team-a"), put("spec", "cohort", to="llmplat"), "manifest-schema"),
    "unserved version": (("ExternalSecret", ""), put("apiVersion", to="external-secrets.io/v1beta1"), "manifest-unknown-kind"),
    "misspelt kind": (ENGINE, put("kind", to="Deploymnet"), "manifest-unknown-kind"),
    "pattern of a CRD": (("HTTPRoute", "writer"), put(*RULE, "timeouts", "request", to="ten minutes"), "manifest-schema"),
    "label that is a number": (ENGINE, put("metadata", "labels", "version", to=1), "manifest-schema"),
    "a choice of Kubernetes": (ENGINE, put(*CONTAINER, "imagePullPolicy", to="Sometimes"), "manifest-schema"),
    "a choice in small letters": (("NetworkPolicy", "default-deny"), put("spec", "policyTypes", to=["ingress"]), "manifest-schema"),
    "no name": (ENGINE, drop("metadata", "name"), "manifest-name"),
    "a name with capitals": (ENGINE, put("metadata", "name", to="Engine_Writer"), "manifest-name"),
    "a label with a slash": (ENGINE, put("metadata", "labels", "llmplat.dev/model", to="Qwen/Qwen3-8B"), "manifest-name"),
    "a label that is too long": (ENGINE, put("metadata", "labels", "llmplat.dev/model", to="m" * 64), "manifest-name"),
    "a namespace on what has none": (("ClusterQueue", "team-a"), put("metadata", "namespace", to="models-team-a"), "manifest-name"),
    # What a chart would ignore.
    "unknown values key": (("Application", "keda"), put(*VALUES, "operatr", to={"replicaCount": 2}), "values-unknown-key"),
    "unknown key deep in values": (("Application", "keda"), put(*VALUES, "operator", "replicas", to=2), "values-unknown-key"),
    "a text for a switch in values": (("Application", "cert-manager"), put(*VALUES, "crds", "enabled", to="yes"), "values-schema"),
    # What a platform must not have.
    "unpriced model": (CONFIG, in_policy(lambda p: p["models"]["writer"].update(price={"input_nanousd_per_token": 0, "output_nanousd_per_token": 0})), "check-unpriced-model"),
    "unbudgeted tenant": (CONFIG, in_policy(lambda p: p["tenants"]["team-a"].update(budget=None)), "check-unbudgeted-key"),
    "unbudgeted app": (CONFIG, in_policy(lambda p: p["tenants"]["team-a"]["apps"]["web"].update(budget=None)), "check-unbudgeted-key"),
    "key of nobody": (("ConfigMap", "gateway-keys"), lambda v: edit_json(v, "keys.json", lambda k: k["keys"].append({"id": "k1", "sha256": "0" * 64, "tenant": "nobody", "app": "x"})), "check-unbudgeted-key"),
    "pool that fails open": (("InferencePool", "writer"), put("spec", "endpointPickerRef", "failureMode", to="FailOpen"), "check-fail-open"),
    "policy that fails open": (("ValidatingAdmissionPolicy", "llmplat-gpu-queue"), put("spec", "failurePolicy", to="Ignore"), "check-fail-open"),
    "policy that only warns": (("ValidatingAdmissionPolicyBinding", "llmplat-gpu-queue"), put("spec", "validationActions", to=["Warn"]), "check-fail-open"),
    "gateway that fails open": (CONFIG, in_litellm(lambda c: c["general_settings"].update(allow_requests_on_db_unavailable=True)), "check-fail-open"),
    "latest": (ENGINE, put(*CONTAINER, "image", to="vllm/vllm-openai:latest"), "check-image-tag"),
    "no tag": (ENGINE, put(*CONTAINER, "image", to="vllm/vllm-openai"), "check-image-tag"),
    "a tag alone": (ENGINE, put(*CONTAINER, "image", to="vllm/vllm-openai:v0.32.0"), "check-image-tag"),
    "a model by tag": (ENGINE, lambda v: v["spec"]["template"]["spec"]["volumes"].append({"name": "more", "image": {"reference": "example.com/models/writer:v1"}}), "check-image-tag"),
    "GPU without queue": (ENGINE, lambda v: [v["metadata"]["labels"].pop(QUEUE), v["spec"]["template"]["metadata"]["labels"].pop(QUEUE)], "check-gpu-without-queue"),
    "queue of nobody": (ENGINE, put("metadata", "labels", QUEUE, to="mine"), "check-gpu-without-queue"),
    "GPU claim without queue": (("Deployment", "gateway"), put(*POD, "resourceClaims", to=[{"name": "gpu", "resourceClaimTemplateName": "gpu"}]), "check-gpu-without-queue"),
    "route without a limit": (("HTTPRoute", "writer"), drop(*RULE, "timeouts"), "check-timeouts"),
    "route longer than the gateway": (("HTTPRoute", "writer"), put(*RULE, "timeouts", "request", to="900s"), "check-timeouts"),
    "route shorter than the engine": (("HTTPRoute", "writer"), put(*RULE, "timeouts", to={"request": "60s", "backendRequest": "50s"}), "check-timeouts"),
    "way in shorter than the gateway": (("HTTPRoute", "gateway"), put(*RULE, "timeouts", to={"request": "60s"}), "check-timeouts"),
    "limits that do not nest": (CONFIG, in_policy(lambda p: p["timeouts"].update(engine_s=700)), "check-timeouts"),
    "gateway without a limit": (CONFIG, in_litellm(lambda c: [c["litellm_settings"].pop("request_timeout"), c["model_list"][0]["litellm_params"].pop("timeout")]), "check-timeouts"),
    "Application before its CRDs": (("Application", "kueue-config"), put("metadata", "annotations", WAVE, to="0"), "check-wave-order"),
    "namespaces last": (("Application", "namespaces"), put("metadata", "annotations", WAVE, to="99"), "check-wave-order"),
    "variable with a password": (ENGINE, lambda v: v["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": "DB_PASSWORD", "value": "hunter22"}), "check-secret-value"),
    "master key written out": (CONFIG, in_litellm(lambda c: c["general_settings"].update(master_key="sk-1234")), "check-secret-value"),
    "token in an argument": (ENGINE, lambda v: v["spec"]["template"]["spec"]["containers"][0]["args"].append("--token=hf_" + "a" * 34), "check-secret-value"),
    "password in values": (("Application", "kube-prometheus-stack"), put(*VALUES, "grafana", to={"adminPassword": "prom-operator"}), "check-secret-value"),
    "chart by range": (("Application", "keda"), put("spec", "source", "targetRevision", to="2.x"), "check-pinned-source"),
    "artifact by tag": (("Application", "model-writer"), put("spec", "source", "targetRevision", to="latest"), "check-pinned-source"),
    "root by tag": (("Application", "root"), put("spec", "source", "targetRevision", to="v1"), "check-pinned-source"),
    "default-deny that allows": (("NetworkPolicy", "default-deny"), put("spec", "ingress", to=[{}]), "check-default-deny"),
    "replicas beside a scaler": (ENGINE, put("spec", "replicas", to=3), "check-one-owner-of-replicas"),
    "second metrics server": (("Application", "cert-manager"), put("spec", "source", "chart", to="prometheus-adapter"), "check-one-owner-of-metrics"),
    "quota below the floor": (("ClusterQueue", "platform"), lambda v: [r.update(nominalQuota=0) for f in v["spec"]["resourceGroups"][0]["flavors"] for r in f["resources"]], "check-quota-floor"),
    "namespace quota below the floor": (("ResourceQuota", "owner"), lambda v: v["spec"]["hard"].update({"requests.nvidia.com/gpu": "0"}), "check-quota-floor"),
    "impatient Kueue": (("Application", "kueue"), lambda v: v["spec"]["source"]["helm"]["valuesObject"]["managerConfig"].update(controllerManagerConfigYaml="apiVersion: config.kueue.x-k8s.io/v1beta2\nkind: Configuration\nwaitForPodsReady: {timeout: 5m}\n"), "check-pods-ready-budget"),
    "Kueue's own patience": (ENGINE, put(*CONTAINER, "startupProbe", "failureThreshold", to=9000), "check-pods-ready-budget"),
    "threshold beyond the window": (SCALER, put(*TRIGGER, "threshold", to="500"), "check-scale-threshold"),
    "threshold of nothing": (SCALER, put(*TRIGGER, "threshold", to="0"), "check-scale-threshold"),
    "nulls read as zero": (SCALER, drop(*TRIGGER, "ignoreNullValues"), "check-metric-nulls"),
    "fallback that takes away": (SCALER, put("spec", "fallback", "behavior", to="static"), "check-metric-nulls"),
    "no fallback": (SCALER, drop("spec", "fallback"), "check-metric-nulls"),
    "to zero": (SCALER, put("spec", "minReplicaCount", to=0), "check-scale-to-zero"),
    "to zero by default": (SCALER, drop("spec", "minReplicaCount"), "check-scale-to-zero"),
    "client-side apply of large CRDs": (("Application", "keda"), put("spec", "syncPolicy", "syncOptions", to=[]), "check-sync-options"),
    "Replace": (("Application", "keda"), put("spec", "syncPolicy", "syncOptions", to=["ServerSideApply=true", "Replace=true"]), "check-replaced-object"),
    "Replace on an object": (ENGINE, put("metadata", "annotations", to={OPTIONS: "Replace=true"}), "check-replaced-object"),
    "data pruned without a question": (("StatefulSet", "counters"), drop("metadata", "annotations", OPTIONS), "check-data-prune"),
    "surge on the last GPU": (ENGINE, drop("spec", "strategy"), "check-surge-deadlock"),
    "deadline before the start": (ENGINE, drop("spec", "progressDeadlineSeconds"), "check-progress-deadline"),
    "killed while it answers": (ENGINE, drop(*POD, "terminationGracePeriodSeconds"), "check-drain-time"),
    "retries in the gateway": (CONFIG, in_litellm(lambda c: c["router_settings"].update(num_retries=2)), "check-retried-work"),
    "retries in the route": (("HTTPRoute", "writer"), put(*RULE, "retry", to={"attempts": 2}), "check-retried-work"),
    "project of all sources": (("AppProject", "llmplat-serving"), put("spec", "sourceRepos", to=["*"]), "check-open-project"),
    "project of all kinds": (("AppProject", "llmplat-serving"), put("spec", "clusterResourceWhitelist", to=[{"group": "*", "kind": "*"}]), "check-open-project"),
    "the default project": (("Application", "keda"), put("spec", "project", to="default"), "check-open-project"),
    "a source the project does not name": (("Application", "keda"), put("spec", "source", "repoURL", to="https://example.com/charts"), "check-project-allows"),
    "a kind the project does not name": (("AppProject", "llmplat-serving"), put("spec", "namespaceResourceWhitelist", to=[]), "check-project-allows"),
    "a namespace the project does not name": (("Application", "keda"), put("spec", "destination", "namespace", to="elsewhere"), "check-project-allows"),
    "no health of Applications": (("Application", "argo-cd"), lambda v: v["spec"]["source"]["helm"]["valuesObject"]["configs"].pop("cm"), "check-chart-traps"),
    "pools that do not resolve": (("Application", "agentgateway"), drop(*VALUES, "inferenceExtension"), "check-chart-traps"),
}  # fmt: skip


def test_the_untouched_tree_is_clean():
    report = check_manifests("production", manifests(), KUBERNETES)
    assert [f for f in report.findings if f.severity != "note"] == []
    assert report.objects > 150


@pytest.mark.parametrize("name", CHANGES)
def test_every_break_is_found(name):
    (kind, called), change, code = CHANGES[name]
    document = find(kind, called)
    found = [f for f in broken(document, change) if f.code == code]
    assert found, f"{name} is not found"
    assert all(f.where and f.where.line for f in found)


def test_a_tenant_without_any_policy_is_found():
    policies = [one for one in documents() if one.value["kind"] == "NetworkPolicy"]
    team_a = [one for one in policies if one.value["metadata"]["namespace"] == "models-team-a"]
    assert "check-default-deny" in {f.code for f in found_in([], team_a)}


def test_an_object_twice_is_found():
    engine = find(*ENGINE)
    assert "check-duplicate-object" in {f.code for f in found_in([engine], [])}


def test_a_secret_with_a_value_is_found():
    config = find("ConfigMap")
    value = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "x"}}
    secret = type(config)("apps/litellm/secret.yaml", 0, {**value, "stringData": {"key": "text"}})
    assert "check-secret-value" in {f.code for f in found_in([secret], [])}
