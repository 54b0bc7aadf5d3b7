"""Limits of registries are told before the first byte."""

import pytest

from llmplat.catalog.registries import RegistryFacts, find_registry
from llmplat.domain.errors import RegistryRefusedError
from llmplat.pack.image_plan import plan_layers
from llmplat.pack.limits import check_limits
from llmplat.pack.request import PackFile
from tests.fakes.memory_member import SizedMember


def plan(size_bytes: int):
    return plan_layers((PackFile("m.safetensors", SizedMember(size_bytes)),))


@pytest.mark.parametrize(
    ("host", "dialect"),
    [
        ("ghcr.io", "stream"),
        ("europe-west4-docker.pkg.dev", "put"),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "put"),
        ("public.ecr.aws", "put"),
        ("mine.azurecr.io", "pieces"),
        ("quay.io", "pieces"),
        ("docker.io", "stream"),
        ("harbor.example.com:8443", None),
        ("localhost:5000", None),
    ],
)
def test_how_hosts_are_spoken_to(host: str, dialect: str | None) -> None:
    assert find_registry(host).dialect == dialect


def test_a_layer_too_large_is_refused_by_how_much() -> None:
    with pytest.raises(RegistryRefusedError) as caught:
        check_limits(plan(11_000_000_000), 0, find_registry("ghcr.io"))
    finding = caught.value.findings[0]
    assert "m.safetensors is 10.2 GiB" in finding.what
    assert "too much" in str(finding.why)
    assert "docs.github.com" in str(caught.value.why)


def test_what_fits_is_let_through() -> None:
    check_limits(plan(9_000_000_000), 0, find_registry("ghcr.io"))
    check_limits(plan(900_000_000_000), 0, find_registry("registry.example.com"))


def test_too_many_layers() -> None:
    with pytest.raises(RegistryRefusedError, match="does not take"):
        check_limits(plan(10**9), 9, RegistryFacts("r", layers=10))
