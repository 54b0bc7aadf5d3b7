"""What `pause` took away, to the very figure: written before anything is changed, read by `resume`."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from llmplat.domain.cluster import Object, ObjectRef
from llmplat.domain.foreign_text import parse_json
from llmplat.domain.inventory import NAMESPACE, labels_of

NAME = "llmplat-paused"
KEY = "paused.json"
REF = ObjectRef("v1", "ConfigMap", NAMESPACE, NAME)


@dataclass(frozen=True)
class PausedModel:
    """The Deployment of an engine on GPUs."""

    model: str
    namespace: str
    name: str
    replicas: int
    """Before the pause."""
    gpus: int
    """Of each replica."""
    is_scaled: bool
    """Whether KEDA moves its replicas."""


@dataclass(frozen=True)
class PausedQueue:
    """A ClusterQueue."""

    name: str
    stop_policy: str
    """Before the pause."""


@dataclass(frozen=True)
class PausedApplication:
    """An Application whose automatic sync was switched off."""

    name: str
    automated: dict[str, Any]
    """As it was."""


@dataclass(frozen=True)
class PausedPool:
    """A node pool with GPUs."""

    name: str
    limits: dict[str, Any]
    """Before the pause, as the cloud spells them; empty where its size is fixed."""
    nodes: int
    """Machines in each zone to have again at once; more come when they are needed."""


@dataclass(frozen=True)
class Paused:
    """Everything to put back."""

    platform: str
    since: str
    """RFC 3339."""
    models: tuple[PausedModel, ...]
    queues: tuple[PausedQueue, ...]
    applications: tuple[PausedApplication, ...]
    pools: tuple[PausedPool, ...] = ()
    """None of a cluster whose machines are somebody else's."""


def manifest_of(paused: Paused) -> Object:
    """The ConfigMap that holds `paused`."""
    return {
        "apiVersion": REF.api_version,
        "kind": REF.kind,
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels_of(paused.platform)},
        "data": {KEY: json.dumps(asdict(paused), indent=1, sort_keys=True)},
    }


def parse_paused(found: Object) -> Paused:
    """What the ConfigMap holds; ValueError, KeyError or TypeError for what was changed by hand."""
    document = parse_json((found.get("data") or {})[KEY])
    return Paused(
        platform=document["platform"],
        since=document["since"],
        models=tuple(PausedModel(**one) for one in document["models"]),
        queues=tuple(PausedQueue(**one) for one in document["queues"]),
        applications=tuple(PausedApplication(**one) for one in document["applications"]),
        pools=tuple(PausedPool(**one) for one in document.get("pools", ())),
    )
