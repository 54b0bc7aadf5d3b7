"""Measures `status` and an `up` that changes nothing on a control plane with many nodes, models and tenants.

    python tests/benchmarks/cluster_scale.py [nodes models tenants]     (1000 200 50)

The platform is rendered and all its objects are on the plane; controller-manager, scheduler, kwok and
Kueue run and admit every engine. Argo CD is played: its Applications are marked Synced and Healthy, so
its own time is not in the figures (sync_time has it). Both commands start from nothing each time. About
ten minutes and 5 GB.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HOME))

import yaml  # noqa: E402 (the checkout is on the path by now)

from llmplat.spec.lock import dump_lock, parse_lock  # noqa: E402
from tests.cluster.plane.adopted import furnish_for_up  # noqa: E402
from tests.cluster.plane.argocd import argocd_objects  # noqa: E402
from tests.cluster.plane.argocd_settings import installed_settings  # noqa: E402
from tests.cluster.plane.client import Object  # noqa: E402
from tests.cluster.plane.control_plane import ControlPlane, control_plane  # noqa: E402
from tests.cluster.plane.crds import find_crds, platform_crds  # noqa: E402
from tests.cluster.plane.kueue import start_kueue  # noqa: E402
from tests.cluster.plane.mirrored import Workplace, make_workplace  # noqa: E402
from tests.cluster.plane.process import wait_until  # noqa: E402
from tests.cluster.plane.rendered import kueue_settings, render  # noqa: E402
from tests.cluster.plane.samples import namespace  # noqa: E402
from tests.cluster.plane.stand_ins import Mirror  # noqa: E402
from tests.fakes.real_registry import find_distribution, real_registry  # noqa: E402

EXAMPLE = "cluster-two-teams"
GPUS_A_NODE = 8
RUNS = 5


def main() -> None:
    """Print how long each takes, the median of five."""
    nodes, models, tenants = (int(word) for word in sys.argv[1:4] or (1000, 200, 50))
    with tempfile.TemporaryDirectory() as folder, _world(Path(folder), nodes) as (plane, mirror):
        work = _workplace(Path(folder) / "work", plane, mirror, (nodes, models, tenants))
        began = time.monotonic()
        _settle(plane, work)
        print(f"{models} models of {tenants} tenants on {nodes} nodes: there in {_since(began)} s")
        _timed(work, ("up", "--yes", "--no-proof"))
        for words in (("status",), ("up", "--yes", "--no-proof")):
            took = [_timed(work, words) for _ in range(RUNS)]
            shown = ", ".join(f"{one:.2f}" for one in sorted(took))
            print(f"{words[0]}: {statistics.median(took):.2f} s of {shown}", flush=True)


@contextmanager
def _world(folder: Path, nodes: int) -> Any:
    program = find_distribution()
    assert program is not None, "no Distribution 3.1.1 here"
    for name in ("registry", "plane"):
        (folder / name).mkdir()
    crds = find_crds()
    with (
        real_registry(program, folder / "registry") as registry,
        control_plane(folder / "plane", platform_crds(crds)) as plane,
    ):
        labels = {"nvidia.com/gpu.product": "NVIDIA-L4"}
        plane.add_nodes(nodes, gpus=GPUS_A_NODE, labels=labels, prefix="l4")
        start_kueue(plane, crds, kueue_settings(render(EXAMPLE, "serving")))
        mirror = Mirror(registry.address, folder / "charts", crds)
        mirror.start()
        try:
            yield plane, mirror
        finally:
            mirror.stop()


def _workplace(
    folder: Path, plane: ControlPlane, mirror: Mirror, shape: tuple[int, int, int]
) -> Workplace:
    nodes, models, tenants = shape
    gpus = [{
        "name": "l4",
        "count": nodes * GPUS_A_NODE,
        "perNode": GPUS_A_NODE,
        "labels": {"nvidia.com/gpu.product": "NVIDIA-L4"},
    }]  # fmt: skip
    document = yaml.safe_load((HOME / "docs" / "examples" / f"{EXAMPLE}.yaml").read_text())
    changes = {
        "name": "large",
        "profile": "serving",
        "substrate": {"cluster": {**document["substrate"]["cluster"], "gpus": gpus}},
        "gitops": {"oci": {"repository": f"{mirror.registry}/platform"}},
        "components": {"argo-cd": {"enabled": False}},
        "models": [_model(number, tenants) for number in range(models)],
        "tenants": [
            {"name": f"team-{number}", "gpuQuota": 2 * models // tenants, "apps": [{"name": "web"}]}
            for number in range(tenants)
        ],
    }
    work = make_workplace(folder, EXAMPLE, mirror, plane.kubeconfig("someone"), changes)
    _lock(folder / "platform.lock.yaml", models)
    return work


def _model(number: int, tenants: int) -> Object:
    return {
        "name": f"model-{number}",
        "owner": f"team-{number % tenants}",
        "source": "hf://Qwen/Qwen3-8B@main",
        "package": True,
        "gpu": "l4",
        "context": 4096,
        "concurrency": 4,
        "replicas": {"min": 1, "max": 2},
    }


def _lock(file: Path, models: int) -> None:
    """The lock of the example, its writer as often as there are models."""
    lock = parse_lock(file.read_text("utf-8"), file.name)
    like = next(one for one in lock.models if one.name == "writer")
    names = [f"model-{number}" for number in range(models)]
    locked = tuple(
        like.model_copy(
            update={"name": name, "image": f"{like.image}".replace("/writer@", f"/{name}@")}
        )
        for name in names
    )
    file.write_text(dump_lock(lock.model_copy(update={"models": locked})), "utf-8")


def _settle(plane: ControlPlane, work: Workplace) -> None:
    """Everything as Argo CD would have brought it, and every engine ready."""
    for thing in argocd_objects(installed_settings()):
        plane.admin.apply(thing)
    furnish_for_up(plane.admin, "large", _secrets(work))
    done = work.run("render")
    assert done.returncode == 0, done.stderr
    things = [it for it in yaml.load_all(done.stdout, Loader=yaml.CSafeLoader) if it]
    first = [it for it in things if it["kind"] in {"Namespace", "CustomResourceDefinition"}]
    there = {it["metadata"]["name"] for it in plane.admin.list("v1", "Namespace")}
    wanted = {it["metadata"].get("namespace") for it in things} - {None}
    made = {it["metadata"]["name"] for it in first if it["kind"] == "Namespace"}
    _apply_all(plane, [*first, *(namespace(name) for name in wanted - there - made)])
    _apply_all(plane, [it for it in things if it not in first and it["kind"] != "Application"])
    _apply_all(plane, [_synced(it) for it in things if it["kind"] == "Application"])
    _await_engines(plane)


def _secrets(work: Workplace) -> list[str]:
    done = work.run("secrets", "list", "-o", "json")
    return [f"large-{one['name']}" for one in yaml.safe_load(done.stdout)["secrets"]]


def _apply_all(plane: ControlPlane, things: Sequence[Object]) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda it: plane.admin.apply(it, manager="argocd-controller"), things))


def _synced(application: Object) -> Object:
    """Marked as Argo CD marks what it is done with."""
    source = application["spec"]["source"]
    compared = {"source": source, "destination": application["spec"]["destination"]}
    sync = {"status": "Synced", "revision": source["targetRevision"], "comparedTo": compared}
    return {**application, "status": {"sync": sync, "health": {"status": "Healthy"}}}


def _await_engines(plane: ControlPlane) -> None:
    def are_ready() -> bool:
        found = plane.admin.list("apps/v1", "Deployment", labels="llmplat.dev/role=engine")
        return all((it.get("status") or {}).get("readyReplicas") for it in found)

    wait_until("every engine ready", are_ready, 600, every_s=1)


def _timed(work: Workplace, words: Sequence[str]) -> float:
    began = time.monotonic()
    done = work.run(*words)
    assert done.returncode == 0, done.stderr[-3000:]
    return time.monotonic() - began


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.0f}"


if __name__ == "__main__":
    main()
