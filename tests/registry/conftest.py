"""The registries that packaging is tested against."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.oci_registry import FakeRegistry, fake_registry
from tests.fakes.real_registry import (
    RealRegistry,
    find_debian,
    find_distribution,
    real_registry,
)

_FINDERS = {"v2": find_debian, "v3": find_distribution}
_WORDS = {
    "v2": "no docker-registry here (apt-get install docker-registry)",
    "v3": "no Distribution 3.1.1 here and no Go to build it",
}


def real_program(version: str) -> Path:
    program = _FINDERS[version]()
    if program is None:
        pytest.skip(_WORDS[version])
    return program


@pytest.fixture(params=["v2", "v3"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def real(version: str, tmp_path: Path) -> Iterator[RealRegistry]:
    folder = tmp_path / "registry"
    folder.mkdir()
    with real_registry(real_program(version), folder) as registry:
        yield registry


@pytest.fixture
def v3() -> Iterator[FakeRegistry]:
    with fake_registry("v3") as registry:
        yield registry
