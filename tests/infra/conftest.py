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


PROGRAM = """
import json, sys
from infra.under_mocks import record
for line in sys.stdin:
    name, document = json.loads(line)
    print(json.dumps(record(name, document)), flush=True)
"""
"""Several documents in one process: Pulumi's packages take seconds to import."""


@pytest.fixture(scope="session")
def declare(gke_python):
    """Runs a program under mocks in a process of its own: inputs document -> resources."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HOME)}
    child = subprocess.Popen(
        [gke_python, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=HOME,
        env=env,
    )

    def run(document, program="gke"):
        child.stdin.write(json.dumps([program, document]) + "\n")
        child.stdin.flush()
        answer = child.stdout.readline()
        assert answer, "the program failed; its words are above"
        return json.loads(answer)

    yield run
    child.stdin.close()
    child.wait(timeout=30)
    child.stdout.close()


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
