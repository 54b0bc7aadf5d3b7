"""Registries as companies have them: behind a proxy, with an authority and accounts of their own.

Everything is the command line against a registry that only the proxy finds.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.certificates import Certificates, make_certificates
from tests.fakes.connect_proxy import ConnectProxy, connect_proxy
from tests.fakes.oci_registry import FakeRegistry, Fault, fake_registry
from tests.fakes.small_model import small_model, write_model

HOST = "registry.test"
AWAY = f"{HOST}/team/model:v1"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"), f"DNS:{HOST},IP:127.0.0.1")


@pytest.fixture
def registry(certificates: Certificates) -> Iterator[FakeRegistry]:
    with fake_registry("v3", certificates.server) as registry:
        yield registry


@pytest.fixture
def proxy(registry: FakeRegistry) -> Iterator[ConnectProxy]:
    with connect_proxy({f"{HOST}:443": registry.address}, "me:p@ss") as proxy:
        yield proxy


@pytest.fixture
def env(tmp_path: Path, proxy: ConnectProxy, certificates: Certificates) -> dict[str, str]:
    """A machine with nothing but the proxy and the authority."""
    return {
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "CI": "true",
        "HTTPS_PROXY": f"http://me:p%40ss@{proxy.address}",
        "LLMPLAT_CA_FILE": str(certificates.authority),
    }


def package(
    tmp_path: Path, env: dict[str, str], reference: str = AWAY
) -> subprocess.CompletedProcess[str]:
    model = tmp_path / "model"
    if not model.exists():
        write_model(model, small_model(9_000_000))
    return subprocess.run(
        [sys.executable, "-m", "llmplat", "package-model", str(model), reference],
        env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def assert_there(done: subprocess.CompletedProcess[str], registry: FakeRegistry) -> None:
    assert done.returncode == 0, done.stderr
    assert registry.tag("team/model", "v1")


def write_auth(file: Path, auths: dict[str, object], **more: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"auths": auths, **more}))


def entry(pair: str) -> dict[str, str]:
    return {"auth": base64.b64encode(pair.encode()).decode()}


def test_through_a_proxy(
    tmp_path: Path, env: dict[str, str], registry: FakeRegistry, proxy: ConnectProxy
) -> None:
    assert_there(package(tmp_path, env), registry)
    assert set(proxy.asked) == {f"CONNECT {HOST}:443"}


def test_a_proxy_that_wants_another_password(
    tmp_path: Path, env: dict[str, str], registry: FakeRegistry, proxy: ConnectProxy
) -> None:
    done = package(tmp_path, {**env, "HTTPS_PROXY": f"http://me:wrong@{proxy.address}"})
    assert done.returncode == 1
    assert "407" in done.stderr
    assert "wrong" not in done.stderr
    assert not registry.requests


def test_no_proxy_is_honoured(
    tmp_path: Path, env: dict[str, str], proxy: ConnectProxy, registry: FakeRegistry
) -> None:
    """Then the name has to be one that this machine knows, and it does not."""
    done = package(tmp_path, {**env, "NO_PROXY": f"other.test,{HOST}"})
    assert "cannot be resolved" in done.stderr
    assert not proxy.asked


def test_this_machine_is_never_behind_a_proxy(
    tmp_path: Path, env: dict[str, str], proxy: ConnectProxy, registry: FakeRegistry
) -> None:
    """And a registry on it may speak TLS all the same."""
    assert_there(package(tmp_path, env, f"{registry.address}/team/model:v1"), registry)
    assert not proxy.asked


@pytest.mark.parametrize("place", [".config/containers/certs.d", "xdg/containers/certs.d"])
def test_an_authority_where_podman_looks(
    tmp_path: Path,
    env: dict[str, str],
    registry: FakeRegistry,
    certificates: Certificates,
    place: str,
) -> None:
    del env["LLMPLAT_CA_FILE"]
    if place.startswith("xdg"):
        env["XDG_CONFIG_HOME"] = str(tmp_path / "xdg")
    refused = package(tmp_path, env)
    assert refused.returncode == 1
    assert "cannot be trusted" in refused.stderr
    assert "LLMPLAT_CA_FILE" in refused.stderr
    folder = tmp_path / place / HOST
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_bytes(certificates.authority.read_bytes())
    assert_there(package(tmp_path, env), registry)


def test_the_systems_authorities_can_be_replaced(
    tmp_path: Path, env: dict[str, str], registry: FakeRegistry, certificates: Certificates
) -> None:
    env["SSL_CERT_FILE"] = env.pop("LLMPLAT_CA_FILE")
    assert_there(package(tmp_path, env), registry)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read(
    tmp_path: Path, env: dict[str, str], content: str | None
) -> None:
    env["LLMPLAT_CA_FILE"] = str(tmp_path / "ca.crt")
    if content is not None:
        (tmp_path / "ca.crt").write_text(content)
    done = package(tmp_path, env)
    assert done.returncode == 5
    assert "ca.crt" in done.stderr
    assert "fix:" in done.stderr


def test_a_certificate_of_ones_own(
    tmp_path: Path, env: dict[str, str], certificates: Certificates
) -> None:
    with (
        fake_registry("v3", certificates.server, certificates.authority) as registry,
        connect_proxy({f"{HOST}:443": registry.address}) as proxy,
    ):
        env["HTTPS_PROXY"] = f"http://{proxy.address}"
        assert package(tmp_path, env).returncode == 1
        folder = tmp_path / ".config" / "containers" / "certs.d" / HOST
        folder.mkdir(parents=True)
        for file in (certificates.client, certificates.client.with_suffix(".key")):
            (folder / file.name).write_bytes(file.read_bytes())
        assert_there(package(tmp_path, env), registry)


@pytest.mark.parametrize(
    "where", ["REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "DOCKER_CONFIG", "HOME"]
)
@pytest.mark.parametrize("key", [HOST, f"{HOST}/team"])
def test_accounts_where_tools_keep_them(
    tmp_path: Path, env: dict[str, str], registry: FakeRegistry, where: str, key: str
) -> None:
    registry.password = "right"
    done = package(tmp_path, env)
    assert done.returncode == 5
    assert "nobody" in done.stderr
    file, value = {
        "REGISTRY_AUTH_FILE": ("auth.json", tmp_path / "auth.json"),
        "XDG_RUNTIME_DIR": ("run/containers/auth.json", tmp_path / "run"),
        "DOCKER_CONFIG": ("docker/config.json", tmp_path / "docker"),
        "HOME": (".docker/config.json", tmp_path),
    }[where]
    other = {HOST: entry("ci:wrong")} if key != HOST else {}
    write_auth(tmp_path / file, {**other, key: entry("ci:right")})
    assert_there(package(tmp_path, {**env, where: str(value)}), registry)


def test_an_identity_token_is_exchanged(
    tmp_path: Path, env: dict[str, str], registry: FakeRegistry
) -> None:
    registry.identity_token = "refresh-me"
    file = tmp_path / ".docker" / "config.json"
    write_auth(file, {HOST: {"identitytoken": "an-old-one"}})
    done = package(tmp_path, env)
    assert done.returncode == 5
    assert "an-old-one" not in done.stderr
    write_auth(file, {HOST: {"identitytoken": "refresh-me"}})
    assert_there(package(tmp_path, env), registry)
    last = registry.exchanges[-1]
    assert (last["grant_type"], last["service"]) == ("refresh_token", "fake")
    assert last["scope"] == "repository:team/model:pull,push"


@pytest.mark.parametrize("kind", ["password", "token"])
def test_a_credential_helper(
    tmp_path: Path, env: dict[str, str], registry: FakeRegistry, kind: str
) -> None:
    registry.password = "right" if kind == "password" else None
    registry.identity_token = "right" if kind == "token" else None
    answer = {"Username": "ci" if kind == "password" else "<token>", "Secret": "right"}
    helper = tmp_path / "bin" / "docker-credential-ours"
    helper.parent.mkdir()
    helper.write_text(f"#!/bin/sh\nread host; [ $host = {HOST} ] && echo '{json.dumps(answer)}'\n")
    helper.chmod(0o755)
    write_auth(tmp_path / ".docker" / "config.json", {}, credHelpers={HOST: "ours"})
    assert_there(package(tmp_path, env), registry)


@pytest.mark.parametrize(
    "fault", [{"status": 429}, {"status": 502}, {"cut_after": 0}], ids=["429", "502", "cut"]
)
def test_a_token_service_that_fails_for_a_while(
    tmp_path: Path, env: dict[str, str], registry: FakeRegistry, fault: dict[str, int]
) -> None:
    registry.password = "right"
    registry.faults = [Fault("token", **fault, headers={"Retry-After": "0"})]
    write_auth(tmp_path / ".docker" / "config.json", {HOST: entry("ci:right")})
    assert_there(package(tmp_path, env), registry)
    assert registry.faults[0].times == 0
