"""What a narrower platform leaves out, in lines to show before anything is removed."""

from collections.abc import Iterator

from llmplat.apply.narrow import Narrowing


def told(narrowing: Narrowing) -> list[str]:
    """Everything that goes and stays, in the order in which it goes."""
    return list(_lines(narrowing))


def _lines(narrowing: Narrowing) -> Iterator[str]:
    layers = ", ".join(narrowing.layers)
    whole = f": the layers {layers} are left out" if layers else ""
    yield f"the file holds less of {narrowing.platform} than the cluster{whole}"
    for one in narrowing.applications:
        data = " (holds data)" if one.holds_data else ""
        yield f"  remove Application {one.name} of {one.layer}{data}"
    for name in narrowing.namespaces:
        yield f"  remove Namespace {name}"
    for volume in narrowing.volumes:
        yield f"  keep volume {volume.ref.namespace}/{volume.ref.name}, {volume.size}: its data stays"
    for kept in narrowing.kept:
        yield f"  keep Namespace {kept.name}: it {kept.reason}"
