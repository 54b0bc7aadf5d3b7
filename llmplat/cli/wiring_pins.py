"""The composition root of what the lock asks registries and chart repositories for."""

from typing import TYPE_CHECKING

from llmplat.cli.run import Run, cache_home
from llmplat.domain.errors import InputError

if TYPE_CHECKING:
    from llmplat.apply.lock_cluster import ClusterPins
    from llmplat.catalog.component_entries import PinnedVersion
    from llmplat.catalog.entries import Catalog


BUG = "report this as a bug; llmplat pins the version"


def cluster_pins(run: Run, catalog: "Catalog", fix: str = BUG) -> "ClusterPins":
    """Registries and chart repositories, asked for digests; `fix` is for what is not there."""
    from llmplat.apply.lock_cluster import ClusterPins

    def chart(pin: "PinnedVersion") -> str:
        if pin.repository is not None and pin.repository.startswith("oci://"):
            folder = pin.repository.removeprefix("oci://")
            return _digest(run, f"{folder}/{pin.chart}:{pin.pinned.replace('+', '_')}", fix)
        from llmplat.adapters.chart_index import find_chart_digest

        return find_chart_digest(str(pin.repository), str(pin.chart), pin.pinned)

    return ClusterPins(catalog, chart, lambda reference: _digest(run, reference, fix))


def _digest(run: Run, reference: str, fix: str) -> str:
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
            fix=(fix,),
        )
    return str(digest)
