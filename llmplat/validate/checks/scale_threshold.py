"""A replica is added before anybody is refused.

The gateway lets a bounded number of requests wait for each replica. A threshold beyond that window is
never reached: requests are refused, the queue looks short, and nothing scales.
"""

import math
from collections.abc import Iterator
from typing import Any

from llmplat.validate.gpus import MODEL
from llmplat.validate.objects import Object, Objects, dict_or_empty, get, list_or_empty
from llmplat.validate.policy import models_of, policies
from llmplat.validate.smell import Smell

_WAITING = ("num_requests_waiting", "average_queue_size")


def find(objects: Objects) -> Iterator[Smell]:
    """Thresholds on waiting requests outside what the gateway admits for one replica."""
    windows = {
        name: get(model, "capacity", "waiting")
        for policy in policies(objects)
        for name, model in models_of(policy)
    }
    for one in objects.of("keda.sh/ScaledObject"):
        most = one.spec.get("maxReplicaCount", 100)
        window = windows.get(str(one.labels.get(MODEL, "")))
        for index, trigger in enumerate(list_or_empty(one.spec.get("triggers"))):
            metadata = dict_or_empty(dict_or_empty(trigger).get("metadata"))
            if any(word in str(metadata.get("query", "")) for word in _WAITING):
                yield from _judge(one, index, metadata, _per_replica(window, most))


def _per_replica(window: object, most: object) -> float | None:
    """Requests that may wait for one replica, when all of them are there."""
    if not isinstance(window, int) or not isinstance(most, int) or most < 1:
        return None
    return window / most


def _judge(
    one: Object, index: int, metadata: dict[str, Any], window: float | None
) -> Iterator[Smell]:
    path = ("spec", "triggers", index, "metadata", "threshold")
    threshold = _number(str(metadata.get("threshold")))
    if threshold is None:
        yield Smell(one, path, "it has no threshold that is a number", 'threshold: "1"')
        return
    if threshold <= 0:
        yield Smell(one, path, f"a threshold of {threshold:g} is always passed", 'threshold: "1"')
    elif window is not None and threshold > window:
        what = f"{threshold:g} waiting requests never come: {window:g} are admitted for a replica"
        yield Smell(one, path, what, f'threshold: "{max(1, int(window // 2))}"')


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
