"""What lets Argo CD read a private repository: by Google's tokens, by a secret, or not needed."""

import base64
import copy
from typing import Any

import pytest
import yaml

from llmplat.domain.manifest import Manifest
from llmplat.plan.cluster.gitops import gitops_of
from llmplat.plan.make import make_plan
from llmplat.plan.plan import Plan
from llmplat.render.objects import make_objects
from llmplat.render.objects.repository import make_repository_secret
from llmplat.render.tree import MARKER, make_tree
from llmplat.spec.load import parse_platform
from llmplat.validate.manifests import check_manifests
from tests.fakes.cluster_platform import catalog, example, example_lock

GOOGLE = {"oci": {"repository": "us-central1-docker.pkg.dev/my-project/platform/smallest"}}
OTHER = {"oci": {"repository": "registry.example.com/team/platform", "keySecret": "manifests"}}
GIT = {"git": {"url": "https://git.example.com/team/platform.git", "keySecret": "manifests"}}
SSH = {"git": {"url": "git@git.example.com:team/platform.git", "keySecret": "manifests"}}
OPEN = {"oci": {"repository": "registry.example.com/open/platform"}}


def plan_of(gitops: dict[str, Any], name: str = "gke-smallest") -> Plan:
    document = copy.deepcopy(example(name)) | {"gitops": gitops}
    platform = parse_platform(yaml.safe_dump(document, sort_keys=False), "platform.yaml").platform
    return make_plan(platform, example_lock(name), catalog())


def in_argocd(plan: Plan) -> dict[str, dict[str, Any]]:
    found = make_objects(plan)["external-secrets-config"]
    return {one["kind"]: one for one in found if one["metadata"].get("namespace") == "argocd"}


def test_on_gke_tokens_of_an_account_that_may_only_read_renew_the_login() -> None:
    found = in_argocd(plan_of(GOOGLE))
    assert set(found) == {"ServiceAccount", "GCRAccessToken", "ExternalSecret"}
    identity = found["GCRAccessToken"]["spec"]["auth"]["workloadIdentity"]
    # A generator of a namespace takes no account of another one.
    assert identity["serviceAccountRef"] == {"name": found["ServiceAccount"]["metadata"]["name"]}
    assert (identity["clusterName"], identity["clusterLocation"]) == ("smallest", "us-central1-a")
    spec = found["ExternalSecret"]["spec"]
    ref = spec["dataFrom"][0]["sourceRef"]["generatorRef"]
    assert ref["name"] == found["GCRAccessToken"]["metadata"]["name"]
    assert spec["refreshInterval"] == "30m0s"
    assert spec["target"]["creationPolicy"] == "Orphan"


@pytest.mark.parametrize("backend", ["gcp-secret-manager", "kubernetes"])
@pytest.mark.parametrize("gitops", [OTHER, GIT, SSH], ids=["oci", "git", "ssh"])
def test_elsewhere_the_secret_that_the_file_names_is_the_login(
    gitops: dict[str, Any], backend: str
) -> None:
    document = copy.deepcopy(example("gke-smallest")) | {"gitops": gitops}
    document["substrate"]["secretBackend"] = backend
    platform = parse_platform(yaml.safe_dump(document, sort_keys=False), "platform.yaml").platform
    plan = make_plan(platform, example_lock("gke-smallest"), catalog())
    (kind,) = in_argocd(plan)
    spec = in_argocd(plan)[kind]["spec"]
    remote = spec["data"][0]["remoteRef"]
    assert remote["key"] == "smallest-manifests"
    assert ("property" in remote) == (backend == "kubernetes")
    assert plan.cluster is not None
    wanted = [one for one in plan.cluster.workloads.secrets.secrets if one.name == "manifests"]
    assert [one.remote for one in wanted] == ["smallest-manifests"]


def test_a_repository_that_anyone_may_read_needs_nothing() -> None:
    assert in_argocd(plan_of(OPEN)) == {}


@pytest.mark.parametrize("gitops", [GOOGLE, OTHER, GIT, SSH])
def test_what_up_makes_is_what_external_secrets_keeps(gitops: dict[str, Any]) -> None:
    plan = plan_of(gitops)
    assert plan.cluster is not None
    value = "KEY" if "git@" in str(gitops) else "me:pass:word"
    made = make_repository_secret(plan.platform, plan.cluster.gitops, value)
    target = in_argocd(plan)["ExternalSecret"]["spec"]["target"]
    assert made["metadata"]["name"] == target["name"]
    assert made["metadata"]["labels"] == target["template"]["metadata"]["labels"]
    assert made["metadata"]["labels"]["argocd.argoproj.io/secret-type"] == "repository"
    data = {key: base64.b64decode(text).decode() for key, text in made["data"].items()}
    assert set(data) == set(target["template"]["data"])
    assert {"type": data["type"], "url": data["url"]}.items() <= target["template"]["data"].items()
    if gitops is GOOGLE:
        assert (data["username"], data["password"]) == ("oauth2accesstoken", "me:pass:word")
    elif gitops is SSH:
        assert data["sshPrivateKey"] == "KEY\n"
    else:
        assert (data["username"], data["password"]) == ("me", "pass:word")


@pytest.mark.parametrize("gitops", [GOOGLE, OTHER])
def test_the_tree_obeys_the_makers_schemas_and_an_early_wave_brings_it(
    gitops: dict[str, Any],
) -> None:
    plan = plan_of(gitops)
    assert plan.cluster is not None
    files = tuple(f for f in make_tree(plan, catalog()).files if f.path != MARKER)
    assert check_manifests("tree", files, plan.cluster.kubernetes).findings == ()
    wrong = tuple(Manifest(f.path, f.content.replace("creationPolicy", "policy")) for f in files)
    assert check_manifests("tree", wrong, plan.cluster.kubernetes).findings
    waves = {one.name: one.wave for one in plan.cluster.applications}
    assert waves["external-secrets-config"] <= min(
        wave for name, wave in waves.items() if name.startswith("model-")
    )
    project = next(f for f in files if f.path == "root/projects/platform.yaml")
    allowed = yaml.safe_load(project.content)["spec"]
    assert "argocd" in {one["namespace"] for one in allowed["destinations"]}


def test_no_value_is_anywhere_in_the_tree() -> None:
    for gitops in (GOOGLE, OTHER):
        for file in make_tree(plan_of(gitops), catalog()).files:
            for one in (
                yaml.load_all(file.content, yaml.CSafeLoader) if file.path.endswith(".yaml") else ()
            ):
                assert one["kind"] != "Secret", file.path


def test_on_a_cluster_of_ones_own_google_gives_no_tokens() -> None:
    document = copy.deepcopy(example("cluster-smallest")) | {"gitops": GOOGLE}
    platform = parse_platform(yaml.safe_dump(document, sort_keys=False), "platform.yaml").platform
    assert gitops_of(platform).google is None
    assert not gitops_of(platform).is_private
