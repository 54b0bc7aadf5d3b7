"""No kubeconfig breaks the reader: each place of a full one, each odd value, is taken or refused in words."""

import copy
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmplat.adapters.kubeconfig import KubeAccess, read_access
from llmplat.domain.errors import ClusterUnreachableError
from tests.odd_values import odd_at, places

PLUGIN = {
    "apiVersion": "client.authentication.k8s.io/v1", "command": "x", "args": ["a"], "installHint": "h",
    "env": [{"name": "A", "value": "b"}], "interactiveMode": "Never", "provideClusterInfo": True,
}  # fmt: skip
FULL: dict[str, Any] = {
    "apiVersion": "v1", "kind": "Config", "current-context": "a", "preferences": {}, "extensions": [],
    "contexts": [{"name": "a", "context": {"cluster": "c", "user": "u", "namespace": "n"}}],
    "clusters": [{"name": "c", "cluster": {
        "server": "https://127.0.0.1:6443", "certificate-authority-data": "YQ==", "proxy-url": "http://x:1",
        "certificate-authority": "/nothing", "tls-server-name": "x", "insecure-skip-tls-verify": False}}],
    "users": [{"name": "u", "user": {
        "token": "s3cret", "tokenFile": "t", "client-certificate-data": "YQ==", "client-key-data": "YQ==",
        "username": "u", "password": "s3cret", "exec": PLUGIN}}],
}  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, 7, -1.5, math.inf, "", "x", "²", [], [None], ["x"], {}, {"x": None}, [{"name": "a"}], [{"name": None}],
)  # fmt: skip


def read(folder: Path, document: Any) -> KubeAccess:
    file = folder / "config"
    file.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper))
    return read_access("a", {"KUBECONFIG": str(file)})


def test_the_full_one_is_taken(tmp_path: Path) -> None:
    found = read(tmp_path, FULL)
    assert (found.token, found.tls_server_name, found.proxy_url) == ("s3cret", "x", "http://x:1")
    assert found.plugin is not None
    assert (found.plugin.args, found.plugin.env) == (("a",), (("A", "b"),))


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_an_odd_value_is_taken_or_refused_in_words(tmp_path: Path, odd: Any) -> None:
    document = copy.deepcopy(FULL)
    for path in list(places(document)):
        with odd_at(document, path, odd):
            told = told_of(tmp_path, document)
        assert told is None or (told and "s3cret" not in told), path


def told_of(folder: Path, document: Any) -> str | None:
    try:
        read(folder, document)
    except ClusterUnreachableError as refused:
        return f"{refused.what} {refused.why} {refused.fix}"
    return None


@pytest.mark.parametrize("odd", [True, 7, "x", ["x"]])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, odd: Any) -> None:
    assert "the file: " in (told_of(tmp_path, odd) or "")


def test_the_place_is_named(tmp_path: Path) -> None:
    document = copy.deepcopy(FULL)
    document["users"][0]["user"]["exec"]["args"] = "get-token"
    assert "users.0.user.exec.args: input should be a valid list" in (
        told_of(tmp_path, document) or ""
    )
