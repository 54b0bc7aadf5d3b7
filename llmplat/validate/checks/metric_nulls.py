"""A dead metric is not an empty queue.

KEDA reads an empty answer as zero unless told otherwise (ignoreNullValues), and a failing one as it
is told by `fallback`: both defaults take replicas away from a model that is merely not measured.
"""

from collections.abc import Iterator

from llmplat.validate.objects import Object, Objects, dict_or_empty, list_or_empty
from llmplat.validate.smell import Smell

_SAFE = {"currentReplicas", "currentReplicasIfHigher"}


def find(objects: Objects) -> Iterator[Smell]:
    """Prometheus triggers that read nothing as zero, and scalers that fall back downwards."""
    for one in objects.of("keda.sh/ScaledObject"):
        triggers = list_or_empty(one.spec.get("triggers"))
        for index, trigger in enumerate(triggers):
            facts = dict_or_empty(trigger)
            metadata = dict_or_empty(facts.get("metadata"))
            if facts.get("type") == "prometheus" and metadata.get("ignoreNullValues") != "false":
                path = ("spec", "triggers", index, "metadata", "ignoreNullValues")
                yield Smell(one, path, "an empty answer reads as zero", 'ignoreNullValues: "false"')
        if any(dict_or_empty(trigger).get("type") == "prometheus" for trigger in triggers):
            yield from _fallback(one)


def _fallback(one: Object) -> Iterator[Smell]:
    fallback = dict_or_empty(one.spec.get("fallback"))
    if str(fallback.get("behavior")) not in _SAFE:
        what = "a failing metric may take replicas away"
        fix = "fallback: {failureThreshold: 3, replicas: N, behavior: currentReplicasIfHigher}"
        yield Smell(one, ("spec", "fallback"), what, fix)
