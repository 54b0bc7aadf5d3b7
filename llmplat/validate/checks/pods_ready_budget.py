"""Kueue waits longer than the slowest model loads.

WaitForPodsReady is on by default with 30 minutes. A pod that is not ready by then is evicted and
queued again, so a large model is stopped just before it would have served.
"""

from collections.abc import Iterator
from typing import Any

from llmplat.domain.manifest import Manifest
from llmplat.validate.documents import Unreadable, read_documents
from llmplat.validate.faults import Path
from llmplat.validate.gpus import gpu_pods, queue_of, slowest_start_s
from llmplat.validate.objects import (
    Config,
    Object,
    Objects,
    chart_of,
    dict_or_empty,
    get,
    sources_of,
)
from llmplat.validate.policy import seconds
from llmplat.validate.smell import Smell

_DEFAULT_S = 1800.0
_EMBEDDED = ("managerConfig", "controllerManagerConfigYaml")


def find(objects: Objects) -> Iterator[Smell]:
    """Kueue's timeout where it is shorter than a queued pod's start-up budget."""
    slowest_s = max((slowest_start_s(pod) for pod in gpu_pods(objects) if queue_of(pod)), default=0)
    for owner, path, settings in _settings(objects):
        wait = dict_or_empty(settings.get("waitForPodsReady"))
        if wait.get("enable") is False:
            continue
        timeout_s = seconds(wait.get("timeout", _DEFAULT_S)) or _DEFAULT_S
        if timeout_s <= slowest_s:
            what = f"it evicts after {timeout_s:g} s, a model here may take {slowest_s:g} s"
            fix = f"waitForPodsReady: {{timeout: {round(slowest_s * 1.5 / 60) + 1}m}}"
            yield Smell(owner, path, what, fix)


def _settings(objects: Objects) -> Iterator[tuple[Object, Path, dict[str, Any]]]:
    """Kueue's configuration wherever it stands; its defaults where a chart gets none."""
    for config in objects.configs:
        if str(config.value.get("apiVersion", "")).startswith("config.kueue.x-k8s.io/"):
            yield config.owner, config.path, config.value
        text = get(config.value, *_EMBEDDED)
        if isinstance(text, str):
            yield config.owner, config.at(*_EMBEDDED), _parse(config, text)
    for one in objects.applications:
        for path, source in sources_of(one):
            values = get(source, "helm", "valuesObject")
            if chart_of(source) == "kueue" and get(values, *_EMBEDDED) is None:
                yield one, path, {}


def _parse(config: Config, text: str) -> dict[str, Any]:
    try:
        found = [d.value for d in read_documents(Manifest(config.file or "config", text))]
    except Unreadable:
        return {}
    return found[0] if found and isinstance(found[0], dict) else {}
