"""Argo CD's login: on record first, from the right place, told without its value."""

import base64
import copy
from typing import Any

import pytest
import yaml

from llmplat.adapters.cluster_secrets import ClusterSecrets
from llmplat.apply.cluster_inventory import open_book
from llmplat.apply.cluster_secrets import system_key
from llmplat.apply.repository_login import Login, seed_login, stored_login
from llmplat.domain.cluster import ObjectRef
from llmplat.domain.errors import PreconditionError
from llmplat.plan.make import make_plan
from llmplat.plan.plan import Plan
from llmplat.spec.load import parse_platform
from tests.fakes.cluster import FakeCluster
from tests.fakes.cluster_platform import catalog, example, example_lock
from tests.fakes.recording_progress import RecordingProgress

SECRET = ObjectRef("v1", "Secret", "argocd", "llmplat-repository")
OCI = {"oci": {"repository": "registry.example.com/team/platform", "keySecret": "manifests"}}
SSH = {"git": {"url": "git@git.example.com:team/platform.git", "keySecret": "manifests"}}


def plan_of(gitops: dict[str, Any] | None = None, name: str = "gke-smallest") -> Plan:
    document = copy.deepcopy(example(name))
    if gitops is not None:
        document["gitops"] = gitops
    platform = parse_platform(yaml.safe_dump(document, sort_keys=False), "platform.yaml").platform
    return make_plan(platform, example_lock(name), catalog())


def seed(cluster: FakeCluster, plan: Plan, login: Login) -> RecordingProgress:
    progress = RecordingProgress()
    book = open_book(cluster, plan.platform, "")
    seed_login(cluster, book, plan, lambda _plan: login, progress)
    return progress


def password_of(cluster: FakeCluster) -> str:
    return base64.b64decode(cluster.objects[SECRET]["data"]["password"]).decode()


def test_a_token_goes_into_the_secret_and_nowhere_else() -> None:
    cluster = FakeCluster()
    progress = seed(cluster, plan_of(), Login("ya29.a-token"))
    assert password_of(cluster) == "ya29.a-token"
    assert "ya29" not in str(progress.told)
    assert "ya29" not in repr(Login("ya29.a-token"))
    assert progress.of("warn") == []
    names = [ref.name for _, ref in cluster.writes]
    assert names.index("llmplat-inventory") < names.index("llmplat-repository"), "on record first"


def test_a_run_later_renews_it() -> None:
    cluster = FakeCluster()
    seed(cluster, plan_of(), Login("old"))
    seed(cluster, plan_of(), Login("new"))
    assert password_of(cluster) == "new"


def test_a_token_that_opens_more_is_told_aloud() -> None:
    progress = seed(FakeCluster(), plan_of(), Login("ya29.broad", is_broad=True))
    (told,) = progress.of("warn")
    assert "your own token" in told
    assert "serviceAccountTokenCreator" in told


def test_an_open_repository_gets_none_and_nobody_is_asked() -> None:
    def nobody(plan: Plan) -> Login:
        raise AssertionError(plan)

    cluster = FakeCluster()
    plan = plan_of({"oci": {"repository": "registry.example.com/open/platform"}})
    book = open_book(cluster, plan.platform, "")
    seed_login(cluster, book, plan, nobody, RecordingProgress())
    assert SECRET not in cluster.objects


def backend(cluster: FakeCluster, value: str | None) -> ClusterSecrets:
    made = ClusterSecrets(cluster, "smallest", "llmplat-secrets", "value")
    if value is not None:
        made.create("smallest-manifests", value)
    return made


def test_the_files_own_secret_is_read_from_the_backend() -> None:
    cluster = FakeCluster()
    plan = plan_of(OCI)
    login = stored_login(plan, backend(cluster, "robot:pass:word"))
    seed(cluster, plan, login)
    assert password_of(cluster) == "pass:word"


@pytest.mark.parametrize(
    ("value", "told"), [(None, "has no value"), ("no-colon", "is no login for oci://registry")]
)
def test_a_login_that_is_none_is_refused_without_saying_it(value: str | None, told: str) -> None:
    with pytest.raises(PreconditionError, match=told) as caught:
        stored_login(plan_of(OCI), backend(FakeCluster(), value))
    error = caught.value
    assert error.exit_code == 5
    assert error.fix
    assert "no-colon" not in f"{error.what} {error.why} {error.fix}"


def test_a_private_key_needs_no_colon() -> None:
    cluster = FakeCluster()
    plan = plan_of(SSH)
    seed(cluster, plan, stored_login(plan, backend(cluster, "-----BEGIN KEY-----\nAA")))
    text = base64.b64decode(cluster.objects[SECRET]["data"]["sshPrivateKey"]).decode()
    assert text == "-----BEGIN KEY-----\nAA\n"


def test_the_platforms_own_key_comes_from_its_backend() -> None:
    cluster, plan = FakeCluster(), plan_of()
    made = ClusterSecrets(cluster, "smallest", "llmplat-secrets", "value")
    with pytest.raises(PreconditionError, match="smallest-system-key is not there"):
        system_key(made, plan)
    made.create("smallest-system-key", "sk-llmplat-x")
    assert system_key(made, plan) == "sk-llmplat-x"
