"""Secrets seeded, listed and rotated: in Secret Manager's fake and in the fake cluster alike."""

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest

from llmplat.adapters.cluster_secrets import ClusterSecrets
from llmplat.adapters.google_secrets import GoogleSecrets
from llmplat.apply.secrets import (
    list_secrets,
    refuse_wanting,
    rotate_secret,
    seed_secrets,
    wanted_secrets,
)
from llmplat.domain.cluster import ObjectRef
from llmplat.domain.errors import (
    CloudDisabledError,
    CloudRefusedError,
    InputError,
    PreconditionError,
    SecretGuardedError,
)
from llmplat.domain.secrets import SecretBackend
from llmplat.plan.plan import Plan
from tests.cloud.conftest import rest_of
from tests.fakes.cluster import FakeCluster
from tests.fakes.cluster_platform import plan_with
from tests.fakes.google import FakeProject

Serve = Callable[[FakeProject], FakeProject]
Peek = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_with(name="cluster-production")


class Place:
    """A backend and a way to look into it that only a test has."""

    def __init__(self, backend: SecretBackend, peek: Peek) -> None:
        self.backend = backend
        self.peek = peek


@pytest.fixture(params=["secret-manager", "cluster"])
def place(request: pytest.FixtureRequest, serve: Serve, plan: Plan) -> Place:
    if request.param == "cluster":
        cluster = FakeCluster()

        def look(name: str) -> list[str]:
            found = cluster.get(ObjectRef("v1", "Secret", "llmplat-secrets", name))
            return [base64.b64decode(found["data"]["value"]).decode()] if found else []

        return Place(ClusterSecrets(cluster, plan.platform, "llmplat-secrets", "value"), look)
    project = serve(with_room(FakeProject(), plan))
    return Place(
        GoogleSecrets(rest_of(project)),
        lambda name: [value.decode() for value in project.values.get(name, [])],
    )


def with_room(project: FakeProject, plan: Plan) -> FakeProject:
    """As infra/gke leaves it: room for every secret, no values."""
    for one in wanted_secrets(plan):
        project.secrets[one.remote] = {"name": f"projects/1/secrets/{one.remote}"}
        project.values[one.remote] = []
    return project


def test_seed_makes_what_can_be_generated_and_names_what_cannot(place: Place, plan: Plan) -> None:
    report = seed_secrets(plan, place.backend)
    assert set(report.made) >= {"engine-key", "redis-password", "litellm-master-key", "system-key"}
    assert report.wanting == (
        "alerts-heartbeat",
        "alerts-pagerduty",
        "fallback-key",
        "manifests",
        "oidc-client-secret",
        "open-webui-key",
    )
    assert place.peek("production-system-key")[0].startswith("sk-llmplat-")
    assert place.peek("production-litellm-master-key")[0].startswith("sk-")
    assert len({place.peek(f"production-{name}")[0] for name in report.made}) == len(report.made)
    with pytest.raises(PreconditionError) as caught:
        refuse_wanting(report)
    assert caught.value.fix[2] == "llmplat secrets seed fallback-key --stdin < FILE"
    refuse_wanting(replace(report, wanting=()))


def test_seeding_again_keeps_every_value(place: Place, plan: Plan) -> None:
    made = seed_secrets(plan, place.backend).made
    before = {name: place.peek(f"production-{name}") for name in made}
    again = seed_secrets(plan, place.backend)
    assert (again.made, again.kept) == ((), made)
    assert {name: place.peek(f"production-{name}") for name in made} == before


def test_a_dry_run_writes_nothing(place: Place, plan: Plan) -> None:
    report = seed_secrets(plan, place.backend, is_dry_run=True)
    assert "engine-key" in report.made
    assert place.peek("production-engine-key") == []
    seed_secrets(plan, place.backend)
    before = place.peek("production-engine-key")
    rotated = rotate_secret(plan, place.backend, "engine-key", is_dry_run=True)
    assert rotated.version == 0
    assert place.peek("production-engine-key") == before


def test_a_value_from_outside_is_kept_as_it_is(place: Place, plan: Plan) -> None:
    report = seed_secrets(plan, place.backend, "fallback-key", "sk-of-somebody-else\n")
    assert report.made == ("fallback-key",)
    assert place.peek("production-fallback-key") == ["sk-of-somebody-else"]
    assert seed_secrets(plan, place.backend, "fallback-key", "other").kept == ("fallback-key",)
    assert place.peek("production-fallback-key") == ["sk-of-somebody-else"]


def test_a_private_key_may_have_several_lines(place: Place, plan: Plan) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
    seed_secrets(plan, place.backend, "manifests", key)
    assert place.backend.read("production-manifests") == key.removesuffix("\n")
    with pytest.raises(InputError, match="cannot be used"):
        rotate_secret(plan, place.backend, "manifests", key.replace("AAAA", "AA\tAA"))


def test_a_value_is_read_as_it_was_put_and_nothing_where_there_is_none(
    place: Place, plan: Plan
) -> None:
    assert place.backend.read("production-fallback-key") is None
    assert place.backend.read("production-nobody") is None
    seed_secrets(plan, place.backend, "fallback-key", "sk-one")
    rotate_secret(plan, place.backend, "fallback-key", "sk-two")
    assert place.backend.read("production-fallback-key") == "sk-two"


@pytest.mark.parametrize("value", ["", "\n", "two\nlines", "bell\x07", "x" * 65537])
def test_a_value_that_nothing_can_carry_is_refused(place: Place, plan: Plan, value: str) -> None:
    with pytest.raises(InputError, match="cannot be used") as caught:
        seed_secrets(plan, place.backend, "fallback-key", value)
    assert value.strip() == "" or value not in str(vars(caught.value))
    assert place.peek("production-fallback-key") == []


def test_a_value_needs_its_name_and_the_name_must_be_known(place: Place, plan: Plan) -> None:
    with pytest.raises(InputError, match="needs the name"):
        seed_secrets(plan, place.backend, None, "value")
    with pytest.raises(InputError, match="has no secret fallbak-key"):
        seed_secrets(plan, place.backend, "fallbak-key", "value")


def test_rotate_puts_another_value_and_says_who_must_restart(place: Place, plan: Plan) -> None:
    seed_secrets(plan, place.backend)
    before = place.peek("production-redis-password")[-1]
    report = rotate_secret(plan, place.backend, "redis-password")
    assert report.version == 2
    assert place.peek("production-redis-password")[-1] not in {before, ""}
    assert "llm-gateway/litellm" in report.restarts
    assert any("rollout restart" in command for command in report.commands)
    listed = {one.name: one for one in list_secrets(plan, place.backend).secrets}
    assert listed["redis-password"].versions == 2
    assert listed["redis-password"].changed


def test_rotate_of_one_of_yours_needs_its_value(place: Place, plan: Plan) -> None:
    seed_secrets(plan, place.backend, "fallback-key", "first")
    with pytest.raises(InputError, match="needs a value from you"):
        rotate_secret(plan, place.backend, "fallback-key")
    rotate_secret(plan, place.backend, "fallback-key", "second")
    assert place.peek("production-fallback-key")[-1] == "second"


def test_what_is_written_once_is_guarded(place: Place, plan: Plan) -> None:
    seed_secrets(plan, place.backend)
    before = place.peek("production-open-webui-session-key")
    with pytest.raises(SecretGuardedError) as caught:
        rotate_secret(plan, place.backend, "open-webui-session-key")
    assert caught.value.exit_code == 3
    assert place.peek("production-open-webui-session-key") == before
    rotate_secret(plan, place.backend, "open-webui-session-key", is_loss_accepted=True)
    assert place.peek("production-open-webui-session-key") != before


def test_rotate_of_what_was_never_set_is_refused(place: Place, plan: Plan) -> None:
    with pytest.raises(InputError, match="has no value yet"):
        rotate_secret(plan, place.backend, "engine-key")


def test_the_list_tells_everything_but_values(place: Place, plan: Plan) -> None:
    seed_secrets(plan, place.backend)
    report = list_secrets(plan, place.backend)
    told = repr(report)
    for one in report.secrets:
        for value in place.peek(one.remote):
            assert value not in told
    rows = {one.name: one for one in report.secrets}
    assert rows["engine-key"].is_set
    assert not rows["fallback-key"].is_set
    assert rows["engine-key"].origin == "generated"
    assert rows["fallback-key"].origin == "yours"
    assert any(reader.startswith("llm-gateway/") for reader in rows["engine-key"].readers)


def test_room_that_is_not_there_yet_is_made_with_the_cluster(serve: Serve, plan: Plan) -> None:
    project = serve(FakeProject())
    with pytest.raises(PreconditionError, match="no room") as caught:
        seed_secrets(plan, GoogleSecrets(rest_of(project)))
    assert caught.value.fix == ("llmplat up",)
    assert project.writes == []
    labels = {"llmplat-platform": "production"}
    seed_secrets(plan, GoogleSecrets(rest_of(project), labels), "engine-key")
    assert project.secrets["production-engine-key"]["labels"] == labels


def test_an_api_that_is_off_and_a_permission_that_lacks(serve: Serve, plan: Plan) -> None:
    project = serve(with_room(FakeProject(), plan))
    project.disabled.add("secretmanager.googleapis.com")
    with pytest.raises(CloudDisabledError) as off:
        seed_secrets(plan, GoogleSecrets(rest_of(project)))
    assert "gcloud services enable secretmanager.googleapis.com" in off.value.fix[0]
    project.disabled.clear()
    project.denied.add(":addVersion")
    with pytest.raises(CloudRefusedError) as refused:
        seed_secrets(plan, GoogleSecrets(rest_of(project)))
    assert refused.value.exit_code == 5
    assert not any(project.values.values())


def test_values_go_in_bodies_never_in_addresses(serve: Serve, plan: Plan) -> None:
    project = serve(with_room(FakeProject(), plan))
    seed_secrets(plan, GoogleSecrets(rest_of(project)), "fallback-key", "sk-of-somebody-else")
    assert not any("sk-of-somebody-else" in path for _method, path in project.asked)


def test_an_empty_secret_of_the_cluster_is_filled(plan: Plan) -> None:
    cluster = FakeCluster()
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "production-engine-key", "namespace": "llmplat-secrets"},
        }
    )
    backend = ClusterSecrets(cluster, plan.platform, "llmplat-secrets", "value")
    assert seed_secrets(plan, backend, "engine-key").made == ("engine-key",)


def test_this_machine_makes_its_own_secrets(plan: Plan) -> None:
    with pytest.raises(PreconditionError, match="files that llmplat makes itself"):
        wanted_secrets(replace(plan, cluster=None))
