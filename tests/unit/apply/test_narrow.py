"""A narrower tree removes exactly what it leaves out, in reverse order, and no data."""

import pytest

from llmplat.apply.going import Patience
from llmplat.apply.narrow import Narrowing, find_narrowing, narrow
from llmplat.domain.cluster import Object, ObjectRef, ref_of
from llmplat.domain.manifest import Manifest
from llmplat.render.dump import dump_yaml
from llmplat.render.tree import Tree
from tests.fakes.live_platform import (
    NAME,
    claim,
    live_platform,
    neighbours,
    platform_objects,
    thing,
)
from tests.fakes.living_cluster import LivingCluster
from tests.fakes.recording_progress import RecordingProgress


def tree(*layers: str) -> Tree:
    """The Applications of `layers`, the project of each, and the namespaces that are in them."""
    files = []
    for name, (_, layer, held) in platform_objects().items():
        if layer in layers:
            files.append(Manifest(f"root/applications/{name}.yaml", ""))
            files += [_file(name, it) for it in held if it["kind"] == "Namespace"]
    files += [Manifest(f"root/projects/{layer}.yaml", "") for layer in layers]
    return Tree(NAME, tuple(files), (), ())


def _file(application: str, it: Object) -> Manifest:
    return Manifest(f"apps/{application}/namespace-{it['metadata']['name']}.yaml", dump_yaml(it))


def platform() -> LivingCluster:
    """With a namespace that only the layer of the gateway has, and its project."""
    cluster = live_platform()
    cluster.put(thing("argoproj.io/v1alpha1", "AppProject", "llmplat-llm-gateway", "argocd"))
    return cluster


def patience(cluster: LivingCluster) -> Patience:
    return Patience(60, 1.0, cluster.now_s, cluster.sleep)


def found(cluster: LivingCluster, *layers: str) -> Narrowing:
    return find_narrowing(cluster, NAME, tree(*layers))


def test_the_same_tree_removes_nothing() -> None:
    assert not found(platform(), "platform", "serving", "routing", "llm-gateway")


def test_the_layers_left_out_go_the_last_wave_first_and_nothing_else() -> None:
    cluster = platform()
    before = {ref_of(it): cluster.get(ref_of(it)) for it in neighbours()}
    narrowing = found(cluster, "platform", "serving")
    assert [one.name for one in narrowing.applications] == ["llm-gateway", "routing"]
    assert narrowing.layers == ("llm-gateway",)
    assert [one.name for one in narrowing.applications if one.holds_data] == ["llm-gateway"]
    assert [one.ref.name for one in narrowing.volumes] == ["data-counters-0"]
    narrow(narrowing, RecordingProgress(), patience(cluster))
    went = [str(ref) for ref in cluster.deleted]
    assert went.index("Application argocd/llm-gateway") < went.index("Application argocd/routing")
    assert {ref: cluster.get(ref) for ref in before} == before
    assert ref_of(claim()) in cluster.objects
    assert ObjectRef("apps/v1", "Deployment", "models-team-a", "writer") in cluster.objects
    assert not found(cluster, "platform", "serving")


def test_a_namespace_with_data_or_others_things_is_let_go_of() -> None:
    cluster = platform()
    narrowing = found(cluster, "platform")
    # The namespaces of the gateway and of Open WebUI are the platform layer's; the team's is not.
    assert [one.name for one in narrowing.kept] == ["models-team-a"]
    narrow(narrowing, RecordingProgress(), patience(cluster))
    assert ObjectRef("v1", "Service", "models-team-a", "demo") in cluster.objects
    assert ObjectRef("v1", "ConfigMap", "models-team-a", "notes") in cluster.objects
    assert not found(cluster, "platform")


def test_automation_of_what_stays_goes_on_but_for_the_root() -> None:
    cluster = platform()
    narrow(found(cluster, "platform", "serving", "routing"), RecordingProgress(), patience(cluster))

    def policy(name: str) -> object:
        ref = ObjectRef("argoproj.io/v1alpha1", "Application", "argocd", name)
        return cluster.objects[ref]["spec"]["syncPolicy"].get("automated")

    assert policy("root") is None
    assert policy("routing") is not None


@pytest.mark.parametrize("last", range(12))
def test_killed_in_between_it_goes_on(last: int) -> None:
    cluster = platform()

    def kill(verb: str, ref: ObjectRef) -> None:
        del verb, ref
        if len(cluster.writes) >= last:
            raise KeyboardInterrupt

    cluster.before = kill
    with pytest.raises(KeyboardInterrupt):
        narrow(found(cluster, "platform"), RecordingProgress(), patience(cluster))
    cluster.before = lambda verb, ref: None
    narrow(found(cluster, "platform"), RecordingProgress(), patience(cluster))
    whole = platform()
    narrow(found(whole, "platform"), RecordingProgress(), patience(whole))
    assert set(cluster.objects) == set(whole.objects)
