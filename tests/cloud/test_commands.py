"""Commands of a platform on GKE from the shell's side: a key file, Google's fake, exit codes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Llmplat
from tests.cloud.gke_world import key_file
from tests.fakes.google import FakeProject

Serve = Callable[[FakeProject], FakeProject]
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
def cloud(
    serve: Serve,
    llmplat: Llmplat,
    private_key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> FakeProject:
    """The smallest example's project, signed in to by a key file."""
    del llmplat
    for name in ("gke-smallest.yaml", "gke-smallest.lock.yaml"):
        shutil.copy(EXAMPLES / name, tmp_path / name.replace("gke-smallest", "platform"))
    project = serve(FakeProject())
    key = key_file(tmp_path, project, private_key)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    monkeypatch.setenv("LLMPLAT_GOOGLE_ENDPOINT", project.address)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    return project


def room(project: FakeProject, *names: str) -> None:
    for name in names:
        remote = f"smallest-{name}"
        project.secrets[remote] = {"name": f"projects/1/secrets/{remote}"}


def test_seed_and_list_in_three_voices(cloud: FakeProject, llmplat: Llmplat) -> None:
    ran = llmplat("secrets", "list", "-o", "json")
    assert ran.code == 0, ran.err
    names = [one["name"] for one in json.loads(ran.out)["secrets"]]
    assert "engine-key" in names
    room(cloud, *names)
    dry = llmplat("secrets", "seed", "--dry-run", "-o", "plain")
    assert "engine-key\twould-make" in dry.out
    assert not any(cloud.values.values())
    ran = llmplat("secrets", "seed", "-o", "plain")
    assert "engine-key\tmade" in ran.out, ran.err
    value = cloud.values["smallest-engine-key"][0].decode()
    told = llmplat("secrets", "list")
    assert "engine-key" in told.out
    logs = "".join(p.read_text() for p in Path.cwd().rglob("*.log"))
    assert value not in ran.out + ran.err + told.out + told.err + logs


def test_a_value_goes_in_by_stdin_and_nowhere_else(
    cloud: FakeProject,
    llmplat: Llmplat,
) -> None:
    room(cloud, "engine-key")
    ran = llmplat("secrets", "seed", "engine-key", "--stdin", stdin="a-value-of-my-own\n")
    assert ran.code == 0, ran.err
    assert cloud.values["smallest-engine-key"] == [b"a-value-of-my-own"]
    logs = "".join(p.read_text() for p in Path.cwd().rglob("*.log"))
    assert "a-value-of-my-own" not in ran.out + ran.err + logs


def test_no_credentials_and_expired_ones(
    cloud: FakeProject,
    llmplat: Llmplat,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    cloud.is_expired = True
    ran = llmplat("secrets", "list")
    assert ran.code == 5
    assert "cloud-credentials" in ran.err
    assert "gcloud auth application-default login" in ran.err
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    ran = llmplat("secrets", "list")
    assert ran.code == 5
    assert "There are no usable credentials" in ran.err
    assert cloud.asked == []


def test_the_endpoint_of_the_tests_may_be_loopback_only(
    cloud: FakeProject,
    llmplat: Llmplat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del cloud
    monkeypatch.setenv("LLMPLAT_GOOGLE_ENDPOINT", "https://elsewhere.example.com")
    ran = llmplat("secrets", "list")
    assert ran.code == 3
    assert "names another machine" in ran.err
