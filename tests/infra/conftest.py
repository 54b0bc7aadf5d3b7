"""Pulumi's packages live in an environment of their own; without it these tests say so and skip."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from llmplat.catalog.load import load_catalog
from llmplat.output.as_json import to_data
from llmplat.plan.gke.gke_plan import inputs_of
from llmplat.plan.make import make_plan
from llmplat.spec.load import load_platform
from llmplat.spec.lock import parse_lock

HOME = Path(__file__).parents[2]
EXAMPLES = HOME / "docs" / "examples"
GOLDEN = Path(__file__).parent / "golden"
NAMES = ("smallest", "two-teams", "production")


def pytest_addoption(parser):
    parser.addoption("--update-infra", action="store_true", help="write the resource lists anew")


@pytest.fixture(scope="session")
def gke_python() -> str:
    """A Python with Pulumi: LLMPLAT_GKE_PYTHON, else what .ci/setup-tests made."""
    named = os.environ.get("LLMPLAT_GKE_PYTHON")
    lock = hashlib.sha256((HOME / ".ci" / "gke.lock").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    made = cache / "llmplat-test-tools" / f"gke-{lock}" / "bin" / "python"
    if named or made.exists():
        return named or str(made)
    pytest.skip("Pulumi's packages are not here (bash .ci/setup-tests, or LLMPLAT_GKE_PYTHON)")


@pytest.fixture(scope="session")
def declare(gke_python):
    """Runs a program under mocks in a process of its own: inputs document -> resources."""

    def run(document, *, program="gke", home=HOME):
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{home}{os.pathsep}{HOME}"}
        done = subprocess.run(
            [gke_python, "-m", "infra.under_mocks", program],
            input=json.dumps(document),
            capture_output=True,
            text=True,
            cwd=home,
            env=env,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def planned(name):
    """(platform, plan, inputs) of one example."""
    platform = load_platform(EXAMPLES / f"gke-{name}.yaml").platform
    lock = parse_lock((EXAMPLES / f"gke-{name}.lock.yaml").read_text("utf-8"), "lock")
    catalog = load_catalog(HOME)
    plan = make_plan(platform, lock, catalog)
    return platform, plan, inputs_of(platform, plan.cluster, catalog)


@pytest.fixture(scope="session")
def declared(declare):
    """What the program declares for an example, run once each."""
    kept = {}

    def of(name):
        if name not in kept:
            kept[name] = declare(to_data(planned(name)[2]))
        return kept[name]

    return of


@pytest.fixture(scope="session")
def document():
    """The inputs of the smallest example, as JSON data to change."""
    return to_data(planned("smallest")[2])
