"""What names a host, and what only looks so."""

import pytest

from llmplat.domain.hosts import host_of, hosts_in, is_allowed, is_here

HEX = "0" * 64


def hosts(document):
    return {found.host for found in hosts_in(document)}


@pytest.mark.parametrize(
    ("document", "host"),
    [
        ({"image": "ghcr.io/team/app:v1"}, "ghcr.io"),
        ({"args": ["--image=quay.io:443/a/b:v1"]}, "quay.io:443"),
        ({"data": {"x.json": f'{{"image": "docker.io/a@sha256:{HEX}"}}'}}, "docker.io"),
        ({"repoURL": "oci://ghcr.io/charts/app"}, "ghcr.io"),
        ({"sourceRepos": ["https://charts.example.com/stable"]}, "charts.example.com"),
        ({"registry": "registry.k8s.io"}, "registry.k8s.io"),
        ({"image": {"repository": "nvcr.io/nvidia"}}, "nvcr.io"),
        ({"env": [{"name": "HF_ENDPOINT", "value": "https://huggingface.co"}]}, "huggingface.co"),
        ({"script": "curl https://user:word@10.1.2.3:8080/x"}, "10.1.2.3:8080"),
        ({"image": "mirror:5000/a:v1"}, "mirror:5000"),
    ],
)
def test_what_names_a_host(document, host):
    assert hosts(document) - {"mirror:5000"} == {host} - {"mirror:5000"}


@pytest.mark.parametrize(
    "document",
    [
        {"apiVersion": "gateway.networking.k8s.io/v1"},
        {"key": "nvidia.com/gpu", "nvidia.com/gpu": "1"},
        {"description": "see https://example.com"},
        {"annotations": {"runbook_url": "https://llmplat.dev/x"}},
        {"url": "http://gateway.llm.svc:8080/v1"},
        {"url": "http://127.0.0.1:9090", "host": "localhost"},
        {"server": "https://kubernetes.default.svc"},
        {"registry": "txt"},
        {"text": "x://.../y"},
    ],
)
def test_what_only_looks_so(document):
    assert hosts(document) == set()


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://git.example.com/a.git", "git.example.com"),
        ("git@git.example.com:a/b.git", "git.example.com"),
        ("ssh://git@git.example.com:22/a", "git.example.com:22"),
        ("registry.example.com:5000/a", "registry.example.com:5000"),
        ("oci://localhost:5000/a", "localhost:5000"),
        ("/folder", ""),
    ],
)
def test_the_host_of_an_address(address, host):
    assert host_of(address) == host


def test_what_is_here():
    assert is_here("localhost:5000")
    assert is_here("[::1]")
    assert not is_here("ghcr.io")


def test_what_lies_below_a_domain_is_allowed():
    allowed = {"m.example.com:5000", "*.llm.example.com"}
    assert is_allowed("m.example.com:5000", allowed)
    assert is_allowed("keys.llm.example.com", allowed)
    assert is_allowed("a.b.llm.example.com", allowed)
    for other in ("m.example.com", "llm.example.com", "evilllm.example.com", "com"):
        assert not is_allowed(other, allowed)
