"""The control plane of the cluster tests: one for the session, its controllers started when first wanted."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.attacks.gpus import L4_NODES
from tests.cluster.plane.control_plane import ControlPlane, control_plane
from tests.cluster.plane.crds import find_crds, platform_crds
from tests.cluster.plane.keda import start_keda
from tests.cluster.plane.kueue import start_kueue
from tests.cluster.plane.rendered import kueue_settings, render
from tests.cluster.plane.slim import SlimWorld, open_slim_world


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.cluster)
            if item.get_closest_marker("timeout") is None:
                # The first one starts a control plane and controllers, minutes on a busy machine.
                item.add_marker(pytest.mark.timeout(1800))
    # Argo CD's have a plane of their own, which is gone before the common one is started.
    items.sort(key=lambda item: item.path != here / "test_argocd.py")


_LAST_BEGIN_S = 80 * 60
"""CI ends after 90 minutes, and the slowest test takes ten on a slow day."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """On a machine where all was built from nothing what is left is left to the next run, aloud."""
    began = os.environ.get("LLMPLAT_CI_BEGAN")
    if began and time.time() - float(began) > _LAST_BEGIN_S:
        pytest.skip("CI's 90 minutes are nearly over; `make test-cluster` runs it")


@pytest.fixture(scope="session")
def crds() -> Path:
    """The upstream CustomResourceDefinitions, which are not part of the repository."""
    try:
        return find_crds()
    except FileNotFoundError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory, crds: Path) -> Iterator[ControlPlane]:
    with control_plane(tmp_path_factory.mktemp("plane"), platform_crds(crds)) as running:
        running.add_nodes(4, gpus=8, labels=dict(L4_NODES), prefix="l4")
        yield running


@pytest.fixture(scope="session")
def kueue(plane: ControlPlane, crds: Path) -> ControlPlane:
    start_kueue(plane, crds, kueue_settings(render("cluster-two-teams", "llm-gateway")))
    return plane


@pytest.fixture(scope="session")
def keda(plane: ControlPlane, crds: Path) -> ControlPlane:
    start_keda(plane, crds)
    return plane


@pytest.fixture(scope="session")
def slim(tmp_path_factory: pytest.TempPathFactory, crds: Path) -> Iterator[SlimWorld]:
    with open_slim_world(tmp_path_factory.mktemp("slim"), crds) as opened:
        yield opened
