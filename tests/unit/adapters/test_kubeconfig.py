"""Which server and which identity a kubeconfig's context means, and what is said of a broken one."""

import base64
import json
import stat
from pathlib import Path

import pytest
import yaml

from llmplat.adapters.kube_credentials import make_credential
from llmplat.adapters.kubeconfig import ExecPlugin, read_access
from llmplat.domain.errors import ClusterUnreachableError


def write(
    path: Path, user: dict | None = None, *, context: str = "prod", **cluster: object
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://10.0.0.1:6443/", **cluster}}],
        "users": [{"name": "u", "user": user or {}}],
        "current-context": "somewhere-else",
    }
    path.write_text(yaml.safe_dump(document))
    return path


def test_the_named_context_is_used_and_not_the_ambient_one(tmp_path: Path) -> None:
    file = write(tmp_path / "config", {"token": "t0ken"})
    access = read_access("prod", {"KUBECONFIG": str(file)})
    assert (access.server, access.token) == ("https://10.0.0.1:6443", "t0ken")
    assert "t0ken" not in repr(access)


def test_without_kubeconfig_the_file_of_the_home_is_read(tmp_path: Path) -> None:
    write(tmp_path / ".kube" / "config")
    assert read_access("prod", {"HOME": str(tmp_path)}).context == "prod"


def test_files_are_merged_first_one_wins(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", {"token": "one"}), write(tmp_path / "b", {"token": "two"})
    both = f"{first}:{tmp_path / 'absent'}:{second}"
    assert read_access("prod", {"KUBECONFIG": both}).token == "one"


def test_relative_files_are_beside_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"PEM")
    file = write(tmp_path / "config", **{"certificate-authority": "ca.pem"})
    assert read_access("prod", {"KUBECONFIG": str(file)}).authority == b"PEM"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has: none"),
        ("contexts: [{name: other, context: {}}]", "has: other"),
        ("contexts: [{name: prod, context: {cluster: gone}}]", "no cluster 'gone'"),
        ("contexts: [", "while parsing"),
        ("[]", "has: none"),
    ],
)
def test_a_broken_kubeconfig_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(ClusterUnreachableError) as caught:
        read_access("prod", {"KUBECONFIG": str(tmp_path / "config")})
    assert told in (caught.value.why or "")
    assert caught.value.fix


def test_bad_base64_is_told(tmp_path: Path) -> None:
    file = write(tmp_path / "config", {"client-certificate-data": "%%%"})
    with pytest.raises(ClusterUnreachableError):
        read_access("prod", {"KUBECONFIG": str(file)})


def plugin(folder: Path, script: str, **more: object) -> dict:
    program = folder / "sign-in"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(program),
            "args": ["get"],
            **more,
        }
    }


def ask(folder: Path, user: dict) -> object:
    env = {"KUBECONFIG": str(write(folder / "config", user)), "PATH": "/usr/bin:/bin"}
    return make_credential(read_access("prod", env), env)


def credential(**status: str) -> str:
    return json.dumps({"kind": "ExecCredential", "status": status})


def test_a_plugin_gives_a_token_and_its_end(tmp_path: Path) -> None:
    said = credential(token="t0ken", expirationTimestamp="2020-01-01T00:00:00Z")
    found = ask(tmp_path, plugin(tmp_path, f"echo '{said}'"))
    assert found.authorization == "Bearer t0ken"
    assert found.is_over
    assert "t0ken" not in repr(found)


def test_an_end_without_a_time_zone_is_in_utc(tmp_path: Path) -> None:
    said = credential(token="t0ken", expirationTimestamp="2020-01-01T00:00:00")
    assert ask(tmp_path, plugin(tmp_path, f"echo '{said}'")).is_over


def test_a_token_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"\xff\xfe")
    with pytest.raises(ClusterUnreachableError, match="cannot be read"):
        ask(tmp_path, {"tokenFile": "t"})


def test_a_plugin_gives_a_certificate(tmp_path: Path) -> None:
    said = credential(clientCertificateData="CERT", clientKeyData="KEY")
    found = ask(tmp_path, plugin(tmp_path, f"echo '{said}'"))
    assert (found.certificate, found.key, found.authorization) == (b"CERT", b"KEY", None)


def test_a_plugin_is_told_of_the_cluster(tmp_path: Path) -> None:
    script = (
        'echo "$KUBERNETES_EXEC_INFO" | grep -q 10.0.0.1 || exit 3; '
        f"[ \"$1$EXTRA\" = getmore ] || exit 4; echo '{credential(token='x')}'"
    )
    more = {"provideClusterInfo": True, "env": [{"name": "EXTRA", "value": "more"}]}
    assert ask(tmp_path, plugin(tmp_path, script, **more)).authorization == "Bearer x"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo 'please log in' >&2; exit 7", "ended with 7: please log in"),
        ("echo s3cret-token", "no ExecCredential"),
        (f"echo '{credential()}'", "neither a token nor a certificate"),
        ('echo \'{"status": ["s3cret"]}\'', "no ExecCredential"),
        ('echo \'{"status": {"token": ["s3cret"]}}\'', "no ExecCredential"),
        (
            'echo \'{"status": {"token": "s3cret", "expirationTimestamp": "soon"}}\'',
            "no ExecCredential",
        ),
    ],
)
def test_a_plugin_that_fails_is_told_without_its_output(
    tmp_path: Path, script: str, told: str
) -> None:
    with pytest.raises(ClusterUnreachableError) as caught:
        ask(tmp_path, plugin(tmp_path, script, installHint="install it so\nand so"))
    assert told in (caught.value.why or "")
    assert caught.value.fix[0] == "install it so"
    assert "s3cret" not in str(vars(caught.value))


def test_a_plugin_that_is_not_there_is_told(tmp_path: Path) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin"}}
    with pytest.raises(ClusterUnreachableError, match="no-such-plugin"):
        ask(tmp_path, user)


def test_a_token_file_is_read_beside_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken\n")
    assert ask(tmp_path, {"tokenFile": "token"}).authorization == "Bearer t0ken"
    with pytest.raises(ClusterUnreachableError):
        ask(tmp_path, {"tokenFile": "gone"})


def test_a_password_is_basic() -> None:
    from llmplat.adapters.kubeconfig import KubeAccess

    found = make_credential(KubeAccess("c", "http://x", username="a", password="b"), {})
    assert found.authorization == f"Basic {base64.b64encode(b'a:b').decode()}"
    assert isinstance(ExecPlugin("v1", "x"), ExecPlugin)
