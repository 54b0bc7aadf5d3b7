"""Targets that nothing could measure: an alert on them would never fire."""

from collections.abc import Iterator

from llmplat.domain.errors import Finding, Severity
from llmplat.spec.checks.places import conflict
from llmplat.spec.histograms import Histogram, histograms_of
from llmplat.spec.model import Model
from llmplat.spec.platform import Platform
from llmplat.spec.slo import LatencyTarget, Slo
from llmplat.spec.tree import Path, Tree

UNMEASURABLE = "slo-unmeasurable"


def check_slo(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """Findings about targets of single models."""
    for index, model in enumerate(platform.models):
        if model.slo is None:
            continue
        path: Path = ("models", index, "slo")
        yield from _availability(platform, model, path, tree)
        for key, target in latency_targets(model.slo).items():
            at = (*path, key)
            if model.external or model.kind != "chat":
                yield _nobody_measures(model, key, at, tree)
                continue
            histogram = histograms_of(model)[key]
            if target.within_s not in histogram.buckets_s:
                yield _between_buckets(model, key, target, histogram, at, tree)


def latency_targets(slo: Slo) -> dict[str, LatencyTarget]:
    """The targets of a duration by their key in the file."""
    found = {
        "timeToFirstToken": slo.time_to_first_token,
        "interTokenLatency": slo.inter_token_latency,
    }
    return {key: target for key, target in found.items() if target is not None}


def _availability(platform: Platform, model: Model, path: Path, tree: Tree) -> Iterator[Finding]:
    if model.slo is None or model.slo.availability_percent is None:
        return
    if platform.profile == "serving":
        yield conflict(
            tree,
            f"the availability of {model.name} is not watched",
            "answers and failures are counted by the gateway, and this profile has none yet",
            "profile: llm-gateway",
            (*path, "availabilityPercent"),
            ("profile",),
            severity=Severity.WARNING,
            code=UNMEASURABLE,
        )


def _nobody_measures(model: Model, key: str, at: Path, tree: Tree) -> Finding:
    whose = "a service outside answers for it" if model.external else "it answers with vectors"
    return conflict(
        tree,
        f"{key} of {model.name} cannot be measured",
        f"{whose}; tokens are timed by an engine of ours that writes text",
        f"remove slo.{key}; availabilityPercent works for every model",
        at,
        code=UNMEASURABLE,
    )


def _between_buckets(
    model: Model, key: str, target: LatencyTarget, histogram: Histogram, at: Path, tree: Tree
) -> Finding:
    nearest = spell(histogram.nearest_s(target.within_s))
    ends = ", ".join(spell(end) for end in histogram.buckets_s)
    return conflict(
        tree,
        f"no bucket of the engine ends at {spell(target.within_s)} ({key} of {model.name})",
        f"{histogram.metric} counts answers up to {ends}; between two of them nothing is known",
        f"within: {nearest}",
        (*at, "within"),
        code=UNMEASURABLE,
    )


def spell(seconds: float) -> str:
    """A duration as the file writes it: 250ms, 1s, 2.5s, 40s."""
    return f"{seconds * 1000:g}ms" if seconds < 1 else f"{seconds:g}s"
