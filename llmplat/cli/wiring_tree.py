"""The composition root of the commands that render a cluster's manifests and compare them."""

from pathlib import Path
from typing import TYPE_CHECKING

from llmplat.cli.run import Run, cache_home
from llmplat.domain.errors import InputError, PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmplat.apply.lock_cluster import ClusterPins
    from llmplat.catalog.entries import Catalog, PinnedVersion
    from llmplat.cli.wiring import Opened
    from llmplat.domain.manifest import Manifest
    from llmplat.plan.plan import Plan


def cluster_plan(opened: "Opened") -> "Plan":
    """The plan of a platform on a cluster; PreconditionError for one on this machine."""
    from llmplat.cli.wiring import catalog, read_keys, read_lock
    from llmplat.plan.make import make_plan

    platform = opened.loaded.platform
    if platform.substrate.local is not None:
        raise PreconditionError(
            "This platform runs on this machine: there are no manifests to render.",
            "its parts are processes, which `llmplat up` starts.",
            ("set substrate: {cluster: {context: my-cluster}}", "llmplat diff"),
        )
    keys = read_keys(opened.keys_file)
    return make_plan(platform, read_lock(opened), catalog(), keys=keys)


def read_tree(folder: Path) -> "tuple[Manifest, ...]":
    """The manifests of a folder."""
    from llmplat.adapters.tree_folder import read_folder

    return read_folder(folder)


def write_tree(folder: Path, files: "Iterable[Manifest]", marker: str) -> bool:
    """Have `folder` hold exactly `files`; False when it does already."""
    from llmplat.adapters.tree_folder import replace_folder

    return replace_folder(folder, files, marker)


def cluster_pins(run: Run, catalog: "Catalog") -> "ClusterPins":
    """Registries and chart repositories, asked for digests."""
    from llmplat.apply.lock_cluster import ClusterPins

    def chart(pin: "PinnedVersion") -> str:
        if pin.repository is not None and pin.repository.startswith("oci://"):
            return _digest(run, f"{pin.repository.removeprefix('oci://')}/{pin.chart}:{pin.pinned}")
        from llmplat.adapters.chart_index import find_chart_digest

        return find_chart_digest(str(pin.repository), str(pin.chart), pin.pinned)

    return ClusterPins(catalog, chart, lambda reference: _digest(run, reference))


def _digest(run: Run, reference: str) -> str:
    """sha256:... behind registry/repository:tag; InputError when there is none."""
    from llmplat.adapters.oci_registry import open_registry
    from llmplat.domain.oci import Reference

    place = Reference.parse(reference)
    registry = open_registry(place, cache_home(run.env), run.env)
    digest = registry.find_digest(place.tag or "latest")
    if digest is None:
        raise InputError(
            f"{reference} is not there.",
            why=f"{registry.name} does not have that tag.",
            fix=("report this as a bug; llmplat pins the version",),
        )
    return str(digest)
