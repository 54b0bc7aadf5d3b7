"""How far each component is proven -> docs/reference/proof.md; run it to write the page anew.

python -m tests.cluster.proof
"""

import re
from dataclasses import dataclass
from pathlib import Path

from llmplat.catalog.component_entries import Component
from llmplat.catalog.load import load_catalog
from tests.cluster.attacks.gpus import GPU_ATTACKS
from tests.cluster.attacks.network import CONSOLE_ATTACKS, EXPERIENCE_ATTACKS, NETWORK_ATTACKS
from tests.cluster.attacks.pods import POD_ATTACKS
from tests.cluster.attacks.rights import RIGHTS_ATTACKS

HOME = Path(__file__).parents[2]
PAGE = HOME / "docs" / "reference" / "proof.md"
_PROGRAMS = Path(__file__).parent / "programs"
_MODULES = {
    "argo-cd": "github.com/argoproj/argo-cd/v3",
    "etcd": "go.etcd.io/etcd/server/v3",
    "helm": "helm.sh/helm/v3",
    "keda": "github.com/kedacore/keda/v2",
    "kubernetes": "k8s.io/kubernetes",
    "kueue": "sigs.k8s.io/kueue",
    "kwok": "sigs.k8s.io/kwok",
}
CONTROLLERS = {"argo-cd": "argo-cd", "keda": "keda", "kueue": "kueue"}
"""Component -> the Go module whose program the tests run."""
_BY_API_SERVER = {"admission", "namespaces"}
"""Components that the API server itself enforces: policies, rights, quotas, pod security."""
_DATA_PATH = {
    "console": "the local substrate's tests, in a browser; behind a real door",
    "counters": "Redis in its place",
    "litellm": "the local substrate's tests",
    "oauth2-proxy": "v7.15.3 against a provider that lies, and in front of the console",
    "vllm": "the local substrate's tests, on a CPU",
}
"""Components whose real program answers requests in tests, though in no cluster."""
WRITTEN_FOR = {
    "agentgateway": "agentgateway.dev",
    "cert-manager": "cert-manager.io",
    "cloudnative-pg": "postgresql.cnpg.io",
    "dra-driver-nvidia-gpu": "resource.k8s.io",
    "kserve": "serving.kserve.io",
    "prometheus-operator-crds": "monitoring.coreos.com",
}
"""Components of a chart -> the API group of what we write for them."""
_IN_MODELS = {"llm-d"}
"""Components whose objects stand with each model."""
_HEAD = """<!-- Written by `python -m tests.cluster.proof`; do not edit. -->
# How far each component is proven

What the tests run is real, but not everything runs in tests. Levels, each including those before:

1. **rendered**: values are rendered; Argo CD's tests read them back from a stand-in for the chart.
2. **schema checked**: a real API server takes the objects we make for it, twice, in the examples
   and in variants of them (`tests/cluster/plane/variants.py`).
3. **controller ran**: the real controller acted on our objects (see `tests/cluster`).
4. **data path ran**: the real program answered requests started from the same launch
   (see `tests/engine`, `tests/gateway`); no GPU and no cluster network take part.

No test runs a kubelet, a network plug-in, a GPU or a cloud: pods are played by kwok, network
policies are judged by an evaluator (`tests/cluster/plane/network.py`), charts by stand-ins that
hold the real CRDs.

"""


@dataclass(frozen=True)
class Proof:
    """One row."""

    component: str
    layer: str
    pinned: str
    level: str
    proven: str


def make_page() -> str:
    """The whole page."""
    rows = "\n".join(
        f"| {it.component} | {it.layer} | {it.pinned} | {it.level} | {it.proven} |"
        for it in make_proofs()
    )
    table = "| Component | Layer | Pinned | Level | Version and program that ran |\n|---|---|---|---|---|\n"
    return f"{_HEAD}{table}{rows}\n\n{_programs()}\n{_attacks()}"


def make_proofs() -> list[Proof]:
    """Every component of the catalogue, by layer and name."""
    components = load_catalog(HOME).components.values()
    return [_prove(it) for it in sorted(components, key=lambda one: (one.layer, one.name))]


def _prove(component: Component) -> Proof:
    pin = component.version
    pinned = "our own" if pin is None else pin.app or pin.pinned
    level, proven = _level(component)
    return Proof(component.name, component.layer, pinned, level, proven)


def _level(component: Component) -> tuple[str, str]:
    if component.name in _DATA_PATH:
        return "data path ran", _DATA_PATH[component.name]
    if component.name in CONTROLLERS:
        return "controller ran", version_of(CONTROLLERS[component.name])
    if component.name in _BY_API_SERVER:
        return "controller ran", f"API server {version_of('kubernetes')}, the attack list below"
    if component.name == "dra-driver-nvidia-gpu":
        version = version_of("kubernetes")
        return "schema checked", f"API server and scheduler {version}, devices of a played driver"
    if (
        component.has_objects
        or component.objects
        or component.name in _IN_MODELS | set(WRITTEN_FOR)
    ):
        return "schema checked", f"API server {version_of('kubernetes')}"
    return "rendered", "stand-in for the chart"


def version_of(program: str) -> str:
    """The version that a program of the tests is built from."""
    text = (_PROGRAMS / program / "go.mod").read_text()
    found = re.search(rf"\b{re.escape(_MODULES[program])} (v\S+)", text)
    assert found is not None, f"{program} does not require {_MODULES[program]}"
    return found.group(1)


def _programs() -> str:
    lines = [f"- {name} {version_of(name)}" for name in sorted(_MODULES)]
    return "## Programs that the tests build and run\n\n" + "\n".join(lines) + "\n"


def _attacks() -> str:
    lines = ["| Attack | Refused by |", "|---|---|"]
    lines += [
        f"| {attack.name} | {', then '.join(attack.controls)} |"
        for attack in (*GPU_ATTACKS, *POD_ATTACKS, *RIGHTS_ATTACKS)
    ]
    walls = (*NETWORK_ATTACKS, *EXPERIENCE_ATTACKS, *CONSOLE_ATTACKS)
    lines += [f"| reach {attack.name} | network policies |" for attack in walls]
    count = len(lines) - 2
    return (
        "## The attack list\n\n"
        f"{count} attacks by somebody with the rendered tenant role, or with a page or a browser, each with a legitimate twin that\n"
        "passes. With the named controls taken away the attack succeeds.\n\n"
        + "\n".join(lines)
        + "\n"
    )


if __name__ == "__main__":
    PAGE.write_text(make_page())
