"""Refuses components that this cluster or each other's versions rule out, all at once."""

import difflib
from collections.abc import Iterator

from llmplat.catalog.charts import load_chart, unknown_keys
from llmplat.catalog.component_entries import Incompatible
from llmplat.catalog.entries import Catalog
from llmplat.catalog.versions import is_within, numbers_of
from llmplat.domain.errors import Finding, PlanError
from llmplat.plan.cluster.claims import check_gpu_handing
from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.routing import GKE_GATEWAY

CODE = PlanError.code
GKE_HAS_TYPES = (1, 34)
"""https://llm-d.ai/docs/dev/resources/gateway/install-crds, as of 2026-11-20."""


def check_compatible(ground: Ground) -> None:
    """PlanError with every component that cannot run here or beside another."""
    found = [*_too_old(ground), *_pairs(ground), *_owned_twice(ground)]
    found += [*_unread_values(ground), *_unknown_values(ground)]
    found += [*_cannot(ground), *check_gpu_handing(ground)]
    if len(found) == 1:
        raise PlanError(found[0].what, found[0].why, found[0].fix)
    if found:
        raise PlanError(
            f"{len(found)} things of this cluster do not go together.", findings=tuple(found)
        )


def disagreement(pair: Incompatible, catalog: Catalog) -> bool:
    """Whether the catalogue's own pins make up `pair`."""
    both = ((pair.first, pair.first_versions), (pair.second, pair.second_versions))
    pins = [(catalog.components[name].version, bounds) for name, bounds in both]
    return all(pin is not None and is_within(pin.pinned, bounds) for pin, bounds in pins)


def _too_old(ground: Ground) -> Iterator[Finding]:
    for name in (one.name for one in ground.components):
        pin = ground.catalog.components[name].version
        if pin is None or pin.kubernetes is None:
            continue
        oldest, newest = pin.kubernetes
        if not numbers_of(oldest) <= numbers_of(ground.kubernetes) <= numbers_of(newest):
            yield Finding(
                CODE,
                f"The component {name} cannot run on Kubernetes {ground.kubernetes}.",
                f"{name} {pin.pinned} is made for {oldest} to {newest}.",
                (f"use a cluster with Kubernetes {newest}, and say so under substrate",),
            )


def _pairs(ground: Ground) -> Iterator[Finding]:
    for pair in ground.catalog.incompatible:
        both = ground.runs(pair.first) and ground.runs(pair.second)
        if both and disagreement(pair, ground.catalog):
            yield Finding(
                CODE,
                f"The components {pair.first} and {pair.second} disagree at their pinned versions.",
                f"{pair.why} ({pair.source}).",
                ("turn one of them off under components, or report this as a bug",),
            )


def _owned_twice(ground: Ground) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for name in (one.name for one in ground.components):
        for thing in ground.catalog.components[name].owns:
            if thing in owners:
                yield Finding(
                    CODE,
                    f"The components {owners[thing]} and {name} both own {thing}.",
                    "only one can; the other's would be overwritten again and again.",
                    (f"components: {{{name}: {{enabled: false}}}}",),
                )
            owners.setdefault(thing, name)


def _unread_values(ground: Ground) -> Iterator[Finding]:
    """Values for what has no chart here: nobody would read them."""
    for name, part in ground.platform.components.items():
        pin = ground.catalog.components[name].version
        has_chart = pin is not None and pin.chart is not None
        if part.values and not (has_chart and ground.runs(name)):
            why = "it has no chart" if ground.runs(name) else "it does not run in this platform"
            yield Finding(
                CODE,
                f"The values of the component {name} are read by nobody.",
                f"{why}.",
                (f"remove components.{name}.values", f"llmplat explain {name}"),
            )


def _unknown_values(ground: Ground) -> Iterator[Finding]:
    """Values that the chart does not know: Helm would ignore them without a word."""
    for name, part in ground.platform.components.items():
        pin = ground.catalog.components[name].version
        chart = load_chart(pin.chart) if part.values and pin is not None and pin.chart else None
        if chart is None:
            continue
        for path, known in unknown_keys(chart, part.values):
            near = difflib.get_close_matches(path[-1], known, n=1)
            spelled = ".".join(("components", name, "values", *path))
            yield Finding(
                CODE,
                f"The chart of the component {name} knows no value {'.'.join(path)}.",
                f"Helm would ignore it silently ({chart.source}).",
                (f"write {near[0]} in place of {spelled}" if near else f"remove {spelled}",),
            )


def _cannot(ground: Ground) -> Iterator[Finding]:
    """Whatever no platform of ours does without."""
    if not ground.has("network-policy"):
        yield Finding(
            CODE,
            f"The substrate {ground.substrate.name} does not enforce network policies.",
            "without them every pod reaches every engine, past keys, budgets and limits.",
            ("use a network plug-in that enforces NetworkPolicy (Cilium, Calico, Dataplane V2)",),
        )
    if ground.platform.gateway.data_plane == GKE_GATEWAY and ground.substrate.name != "gke":
        yield Finding(
            CODE,
            f"The data plane {GKE_GATEWAY} is not there.",
            f"Google's load balancers carry routes on GKE only, at an address that llmplat keeps "
            f"for them in a network of its own; the substrate is {ground.substrate.name}.",
            ("gateway: {dataPlane: agentgateway}",),
        )
    if ground.substrate.name == "gke" and numbers_of(ground.kubernetes) < GKE_HAS_TYPES:
        yield Finding(
            CODE,
            f"GKE with Kubernetes {ground.kubernetes} lacks the Gateway API's types.",
            "GKE brings them and InferencePool from 1.34.0-gke.1626000 on, and lets nobody else.",
            ('substrate.gke.kubernetes: "1.34"',),
        )
