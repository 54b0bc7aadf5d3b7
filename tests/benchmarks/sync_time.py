"""From the root's creation to all Applications Synced and Healthy, ours against trivial ones.

    python tests/benchmarks/sync_time.py [pairs]

Both run on the same Argo CD in the same run, in turns: the rendered `full` profile of the two
teams' example, and a root of the same number of Applications in the same waves whose content is one
ConfigMap each. Charts are stand-ins whose pods are ready at once (how long a real one takes is its
own), their CRDs are on the plane already, and Argo CD waits its own 2 s after each wave. Prints one
line a pair and the ratio of the medians (the first pair finds nothing cached and is slower). The bound,
1.5, is for two cores of one's own: ours computes, the trivial one mostly waits.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import yaml

from llmplat.domain.manifest import Manifest as File
from llmplat.render.artifact import make_artifact
from tests.cluster.plane.argocd import await_all_done
from tests.cluster.plane.client import Object
from tests.cluster.plane.crds import find_crds
from tests.cluster.plane.publish import push_artifact
from tests.cluster.plane.rendered import Rendered, render
from tests.cluster.plane.world import World, open_world

ARGOCD_WAVE_DELAY_S = 2  # its own
_ONLY = "only-"
EXAMPLE, PROFILE = "cluster-two-teams", "full"


def main() -> None:
    """Measure pairs and print them."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    ours, trivial = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        open_world(Path(folder), find_crds(), ARGOCD_WAVE_DELAY_S, is_ready_at_once=True) as world,
    ):
        gitops = {"oci": {"repository": f"{world.mirror.registry}/platform"}}
        rendered = render(EXAMPLE, PROFILE, gitops=gitops)
        for number in range(pairs):
            trivial.append(_measure(world, rendered, is_trivial=True))
            ours.append(_measure(world, rendered, is_trivial=False))
            print(f"pair {number}: ours {ours[-1]:.1f} s, trivial {trivial[-1]:.1f} s")
    ratio = statistics.median(ours) / statistics.median(trivial)
    count = len(rendered.applications)
    print(f"{count} Applications: {ratio:.2f} x (bound 1.5)")


def _measure(world: World, rendered: Rendered, *, is_trivial: bool) -> float:
    names = {"root", *rendered.applications}
    if is_trivial:
        things = _trivial_root(world, rendered)
        started_s = time.perf_counter()
        for thing in things:
            world.admin.apply(thing)
    else:
        world.publish(rendered, "oci")
        started_s = time.perf_counter()
        world.begin()
    await_all_done(world.admin, names, 600)
    seconds = time.perf_counter() - started_s
    world.clear()
    for thing in world.admin.list("v1", "ConfigMap", "default"):
        if thing["metadata"]["name"].startswith(_ONLY):
            world.admin.delete(thing)
    return seconds


def _trivial_root(world: World, rendered: Rendered) -> list[Object]:
    """The same Applications in the same waves, each with one ConfigMap, in the default project."""
    repository = f"{world.mirror.registry}/platform"
    children = []
    for name, application in rendered.applications.items():
        content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{_ONLY}{name}"}}
        artifact = make_artifact(name, [File("it.yaml", yaml.safe_dump(content))])
        push_artifact(repository, artifact, world.folder / "cache")
        source = {
            "repoURL": f"oci://{repository}",
            "targetRevision": str(artifact.digest),
            "path": ".",
        }
        children.append({**application, "spec": _spec(application, source, "default")})
    root = make_artifact("root", [File("all.yaml", yaml.safe_dump_all(children))])
    push_artifact(repository, root, world.folder / "cache")
    source = {"repoURL": f"oci://{repository}", "targetRevision": str(root.digest), "path": "."}
    first = next(iter(rendered.applications.values()))
    meta = {"name": "root", "namespace": "argocd"}
    return [{**first, "metadata": meta, "spec": _spec(first, source, "argocd")}]


def _spec(application: Object, source: Object, namespace: str) -> Object:
    there = {**application["spec"]["destination"], "namespace": namespace}
    return {**application["spec"], "project": "default", "source": source, "destination": there}


if __name__ == "__main__":
    main()
