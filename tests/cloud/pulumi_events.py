"""Event logs built from Pulumi's own classes; run by a Python that has them, prints them as JSON.

Nothing here was recorded from the cloud. Each event is read back by the classes and compared.
"""

import json
import sys
from enum import Enum

from pulumi.automation.events import (
    CancelEvent,
    DiagnosticEvent,
    EngineEvent,
    OpType,
    ResOpFailedEvent,
    ResourcePreEvent,
    ResOutputsEvent,
    StepEventMetadata,
    SummaryEvent,
)

NETWORK = ("gcp:compute/network:Network", "demo")
CLUSTER = ("gcp:container/cluster:Cluster", "demo")
NAMESPACE = ("kubernetes:core/v1:Namespace", "argocd")
RELEASE = ("kubernetes:helm.sh/v3:Release", "argo-cd")
POOL = ("gcp:container/nodePool:NodePool", "l4")


def meta(thing: tuple[str, str], op: OpType, **more: object) -> StepEventMetadata:
    """One step of one resource."""
    kind, name = thing
    urn = f"urn:pulumi:demo::llmplat-gke::{kind}::{name}"
    return StepEventMetadata(op=op, urn=urn, type=kind, provider="", **more)


def began(thing: tuple[str, str], op: OpType = OpType.CREATE, **more: object) -> dict:
    return {"resource_pre_event": ResourcePreEvent(meta(thing, op, **more))}


def done(thing: tuple[str, str], op: OpType = OpType.CREATE) -> dict:
    return {"res_outputs_event": ResOutputsEvent(meta(thing, op))}


def failed(thing: tuple[str, str], text: str) -> list[dict]:
    urn = meta(thing, OpType.CREATE).urn
    said = DiagnosticEvent(f"<{{%reset%}}>{text}<{{%reset%}}>", "raw", "error", urn=urn)
    step = ResOpFailedEvent(meta(thing, OpType.CREATE), status=0, steps=2)
    return [{"diagnostic_event": said}, {"res_op_failed_event": step}]


def summary(**changes: int) -> list[dict]:
    ended = SummaryEvent(False, 42, dict(changes), {})
    return [{"summary_event": ended}, {"cancel_event": CancelEvent()}]


QUOTA = "googleapi: Error 403: Quota 'NVIDIA_L4_GPUS' exceeded. Limit: 1.0 in region europe-west4."
LOGS = {
    "success": [
        began(NETWORK), done(NETWORK), began(CLUSTER), began(POOL), done(CLUSTER), done(POOL),
        *summary(create=3),
    ],
    "failure": [
        began(NETWORK), done(NETWORK), began(CLUSTER), done(CLUSTER), began(POOL),
        *failed(POOL, QUOTA), *summary(create=2),
    ],
    "cancel": [
        began(NETWORK), done(NETWORK), began(CLUSTER),
        {"diagnostic_event": DiagnosticEvent("update canceled", "raw", "error")},
        *summary(create=1),
    ],
    "replace": [
        began(NETWORK, OpType.SAME),
        began(POOL, OpType.DELETE_REPLACED, keys=["machineType"]),
        began(POOL, OpType.REPLACE, keys=["nodeConfig.machineType"]),
        began(POOL, OpType.CREATE_REPLACEMENT, keys=["nodeConfig.machineType"]),
        began(CLUSTER, OpType.UPDATE, diffs=["resourceLabels"]),
        *summary(same=1, replace=1, update=1),
    ],
    "destroy": [
        began(POOL, OpType.DELETE), done(POOL, OpType.DELETE),
        began(CLUSTER, OpType.DELETE), done(CLUSTER, OpType.DELETE), *summary(delete=2),
    ],
    "refresh": [began(CLUSTER, OpType.REFRESH), done(CLUSTER, OpType.REFRESH), *summary(same=1)],
    "bootstrap": [
        began(NAMESPACE), done(NAMESPACE), began(RELEASE), done(RELEASE), *summary(create=2),
    ],
    "nothing": summary(same=3),
}  # fmt: skip


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def to_json(value: object) -> object:
    """As the CLI writes it: camelCase, nothing for None."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: to_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [to_json(inner) for inner in value]
    if hasattr(value, "__dict__"):
        named = {camel(k): to_json(v) for k, v in vars(value).items() if v is not None}
        return {("PolicyPacks" if key == "policyPacks" else key): v for key, v in named.items()}
    return value


def main() -> None:
    logs = {}
    for name, rows in LOGS.items():
        events = [EngineEvent(number, 1_760_000_000, **row) for number, row in enumerate(rows)]
        logs[name] = [to_json(event) for event in events]
        for event, document in zip(events, logs[name], strict=True):
            again = to_json(EngineEvent.from_json(document))
            assert again == document or "detailedDiff" in str(again), (again, document)
            assert to_json(event) == document
    json.dump(logs, sys.stdout)


if __name__ == "__main__":
    main()
