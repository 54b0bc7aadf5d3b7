"""Every object of every profile and example: accepted by a real API server, twice, the second time as it is."""

import pytest

from tests.cluster.plane.client import Object, RefusedError
from tests.cluster.plane.control_plane import ControlPlane, load_crds
from tests.cluster.plane.rendered import EXAMPLES, PROFILES, Rendered, render
from tests.cluster.plane.samples import namespace

_CRDS = (
    "agentgateway",
    "argo-cd",
    "cert-manager",
    "external-secrets",
    "gateway-api/standard",
    "gateway-api-inference-extension",
    "llm-d-router",
    "prometheus-operator",
    "gpu-operator",
)
_MANAGER = "argocd-controller"


@pytest.fixture(scope="module")
def furnished(kueue: ControlPlane, keda: ControlPlane, crds) -> ControlPlane:
    """The control plane with every CRD that we render kinds of, Kueue and KEDA running."""
    found = [it for it in load_crds(crds, *_CRDS) if "x-k8s.io_" not in it["metadata"]["name"]]
    kueue.install(found)
    return kueue


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_object_is_accepted_and_stays(
    furnished: ControlPlane, example: str, profile: str
) -> None:
    rendered = render(example, profile)
    things = _all_objects(rendered)
    refused: list[str] = []
    versions: dict[str, str] = {}
    for thing in things:
        _make_room(furnished, thing)
        try:
            versions[_name(thing)] = _apply(furnished, thing)
        except RefusedError as error:
            refused.append(f"{_name(thing)}: {error}")
    assert not refused, "\n".join(refused)
    again = {_name(thing): furnished.admin.apply(thing, manager=_MANAGER) for thing in things}
    assert [name for name, it in again.items() if _generation(it) != versions[name]] == []
    _remove(furnished, things)


def _all_objects(rendered: Rendered) -> list[Object]:
    order = sorted(
        rendered.applications.values(),
        key=lambda it: int(it["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]),
    )
    names = [it["metadata"]["name"] for it in order]
    objects = rendered.objects
    by_name = {name: things for name, things in objects.items() if name in names}
    by_name |= {
        _without_hash(name): things for name, things in objects.items() if name not in names
    }
    roots = [
        thing
        for file in rendered.tree.files
        if file.path.startswith("root/")
        for thing in _documents(file.content)
    ]
    return [thing for name in names for thing in by_name.get(name, ())] + roots


def _documents(text: str) -> list[Object]:
    import yaml

    return [thing for thing in yaml.load_all(text, Loader=yaml.CSafeLoader) if thing]


def _without_hash(folder: str) -> str:
    return folder.rpartition("-")[0]


def _make_room(plane: ControlPlane, thing: Object) -> None:
    """Namespaces that Argo CD or a chart would have made."""
    space = thing["metadata"].get("namespace")
    if space and plane.admin.find("v1", "Namespace", space) is None:
        plane.admin.apply(namespace(space))


def _apply(plane: ControlPlane, thing: Object) -> str:
    return _generation(plane.admin.apply(thing, manager=_MANAGER))


def _generation(thing: Object) -> str:
    """What changes when the wish changes: the generation, else the version of the object itself."""
    meta = thing["metadata"]
    return str(meta.get("generation") or meta["resourceVersion"])


def _remove(plane: ControlPlane, things: list[Object]) -> None:
    for thing in reversed(things):
        if thing["kind"] not in {"Namespace", "CustomResourceDefinition"}:
            if thing["metadata"].get("finalizers"):
                plane.admin.patch(thing, {"metadata": {"finalizers": None}})
            plane.admin.delete(thing)


def _name(thing: Object) -> str:
    meta = thing["metadata"]
    return f"{thing['kind']} {meta.get('namespace', '')}/{meta['name']}"
