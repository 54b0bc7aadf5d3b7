"""Where accounts for registries come from, and that none goes to another registry."""

import base64
import json
from pathlib import Path

import pytest

from llmplat.adapters.loopback import is_loopback
from llmplat.adapters.oci_credentials import find_credentials
from llmplat.domain.errors import PreconditionError


def write_config(home: Path, config: dict) -> dict[str, str]:
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(json.dumps(config))
    return {"HOME": str(home), "PATH": f"{home}/bin:/usr/bin:/bin"}


def helper(home: Path, name: str, script: str) -> None:
    (home / "bin").mkdir(exist_ok=True)
    path = home / "bin" / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def auth(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


def test_nothing_configured(tmp_path: Path) -> None:
    assert find_credentials("ghcr.io", {"HOME": str(tmp_path)}) is None


def test_the_environment_is_by_host(tmp_path: Path) -> None:
    env = {
        "HOME": str(tmp_path),
        "LLMPLAT_REGISTRY_USERNAME_GHCR_IO": "me",
        "LLMPLAT_REGISTRY_PASSWORD_GHCR_IO": "secret",
    }
    found = find_credentials("ghcr.io", env)
    assert found
    assert (found.username, found.password) == ("me", "secret")
    assert "secret" not in repr(found)
    assert find_credentials("quay.io", env) is None


def test_docker_config_is_by_host(tmp_path: Path) -> None:
    env = write_config(tmp_path, {"auths": {"ghcr.io": {"auth": auth("me:pa:ss")}}})
    found = find_credentials("ghcr.io", env)
    assert found
    assert (found.username, found.password) == ("me", "pa:ss")
    assert find_credentials("ghcr.io.evil.example", env) is None


def test_docker_hub_has_an_old_name(tmp_path: Path) -> None:
    env = write_config(tmp_path, {"auths": {"https://index.docker.io/v1/": {"auth": auth("me:x")}}})
    assert find_credentials("docker.io", env)


def test_a_helper_is_asked_for_its_host_only(tmp_path: Path) -> None:
    env = write_config(tmp_path, {"credHelpers": {"eu.pkg.dev": "mine"}})
    helper(tmp_path, "mine", 'read h; echo "{\\"Username\\": \\"u-$h\\", \\"Secret\\": \\"s\\"}"')
    found = find_credentials("eu.pkg.dev", env)
    assert found
    assert (found.username, found.password) == ("u-eu.pkg.dev", "s")
    assert find_credentials("other.example", env) is None


def test_an_identity_token_from_a_helper(tmp_path: Path) -> None:
    env = write_config(tmp_path, {"auths": {"r.example": {}}, "credsStore": "mine"})
    helper(tmp_path, "mine", 'echo "{\\"Username\\": \\"<token>\\", \\"Secret\\": \\"t\\"}"')
    found = find_credentials("r.example", env)
    assert found
    assert found.identity_token == "t"


@pytest.mark.parametrize("script", ["exit 3", "echo no json", "echo '{}'"])
def test_a_broken_helper_is_told(tmp_path: Path, script: str) -> None:
    env = write_config(tmp_path, {"credHelpers": {"r.example": "mine"}})
    helper(tmp_path, "mine", script)
    with pytest.raises(PreconditionError) as caught:
        find_credentials("r.example", env)
    assert "docker-credential-mine" in caught.value.what
    assert caught.value.fix


def test_a_missing_helper_is_told(tmp_path: Path) -> None:
    env = write_config(tmp_path, {"credHelpers": {"r.example": "absent"}})
    with pytest.raises(PreconditionError, match="docker-credential-absent"):
        find_credentials("r.example", env)


def test_a_helper_without_that_account(tmp_path: Path) -> None:
    env = write_config(tmp_path, {"credHelpers": {"r.example": "mine"}})
    helper(tmp_path, "mine", "echo 'credentials not found in native keychain'; exit 1")
    assert find_credentials("r.example", env) is None


@pytest.mark.parametrize("text", ["{", '{"auths": {"r.example": {"auth": "%%%"}}}'])
def test_a_broken_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(text)
    with pytest.raises(PreconditionError, match="cannot be read"):
        find_credentials("r.example", {"HOME": str(tmp_path)})


def test_what_is_this_machine() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.9.9.9", "[::1]")))
    assert not any(map(is_loopback, ("127.0.0.1.evil.example", "localhost.example", "10.0.0.1")))
