"""One owner decides how many replicas there are.

A number in the manifest and a scaler, or two scalers, set it back and forth: Argo CD sees drift for
ever, and each sync may stop replicas that serve.
"""

from collections.abc import Iterator

from llmplat.validate.objects import Object, Objects, dict_or_empty
from llmplat.validate.smell import Smell

_SCALERS = ("keda.sh/ScaledObject", "autoscaling/HorizontalPodAutoscaler")


def find(objects: Objects) -> Iterator[Smell]:
    """Workloads with a number and a scaler, targets of two scalers, charts with both switched on."""
    owners: dict[tuple[str, str, str], Object] = {}
    for scaler in objects.of(*_SCALERS):
        target = _target(scaler)
        if target in owners:
            what = f"{target[1]} {target[2]} already follows {owners[target].name}"
            yield Smell(scaler, ("spec", "scaleTargetRef"), what, "keep one of the two")
        owners.setdefault(target, scaler)
    for one in objects.all:
        key = (one.namespace, one.kind.rpartition("/")[2], one.name)
        if key in owners and one.spec.get("replicas") is not None:
            what = f"spec.replicas fights with the scaler {owners[key].name}"
            yield Smell(one, ("spec", "replicas"), what, "leave replicas out")
    yield from _charts(objects)


def _target(scaler: Object) -> tuple[str, str, str]:
    reference = dict_or_empty(scaler.spec.get("scaleTargetRef"))
    kind = str(reference.get("kind", "Deployment"))
    return (scaler.namespace, kind, str(reference.get("name", "")))


def _charts(objects: Objects) -> Iterator[Smell]:
    for config in objects.configs:
        both = [dict_or_empty(config.value.get(key)) for key in ("autoscaling", "keda")]
        if all(part.get("enabled") is True for part in both):
            what = "its chart gets two scalers, autoscaling and keda"
            yield Smell(config.owner, config.at("keda", "enabled"), what, "enable one of the two")
