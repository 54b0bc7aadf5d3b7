"""The admission window of a model -> when replicas are added and removed, so that one queue is enough.

The gateway admits (running + waiting) x max replicas at once; what an engine cannot run waits in its
own queue. A threshold inside that window is reached before the gateway refuses anybody.
"""

from dataclasses import dataclass

from llmplat.domain.errors import PlanError
from llmplat.plan.launch import EngineLaunch
from llmplat.spec.model import Model

PROMETHEUS = "http://kube-prometheus-stack-prometheus.monitoring.svc:9090"
PREFILL = "-prefill"
"""What is added to the name of an engine's Deployment for the one that only reads prompts."""
BUSY_SHARE = 0.8
"""Of the places of a replica: so many taken on average ask for one more."""


@dataclass(frozen=True)
class Trigger:
    """One question to Prometheus and how much of its answer one replica may carry."""

    name: str
    query: str
    threshold: float
    """Per replica: replicas = answer / threshold, rounded up."""


@dataclass(frozen=True)
class Scaling:
    """Between how many replicas a model moves, and by what."""

    least: int
    most: int
    triggers: tuple[Trigger, ...]
    admitted: int
    """Requests that the gateway lets through at once, all replicas there."""
    poll_s: int = 15
    failures_before_fallback: int = 3
    grow_within_s: int = 0
    shrink_after_s: int = 600
    """Longer than a replica takes to be worth its start."""
    shrink_every_s: int = 300


def make_scaling(
    model: Model, engine: EngineLaunch, namespace: str, waiting_per_replica: int
) -> Scaling | None:
    """How `model` scales; None when its replicas are fixed, PlanError when nothing may wait."""
    least, most = model.replicas.min, model.replicas.max
    if least == most:
        return None
    if waiting_per_replica < 2:
        raise PlanError(
            f"The replicas of {model.name} cannot follow its queue.",
            why=(
                f"gateway.waitingPerReplica is {waiting_per_replica}: requests are refused before "
                "enough wait to ask for a replica."
            ),
            fix=("set gateway.waitingPerReplica: 2 or more", f"fix the replicas of {model.name}"),
        )
    selector = f'namespace="{namespace}",model_name="{engine.served_name}"'
    if model.prefill is not None:
        # Engines that only read prompts wait for nothing that one more replica would answer.
        selector += f',pod!~"{engine.name}{PREFILL}-.+"'
    triggers = (
        Trigger(
            "waiting",
            f"sum(vllm:num_requests_waiting{{{selector}}})",
            threshold_of(waiting_per_replica),
        ),
        Trigger(
            "running",
            f"sum(vllm:num_requests_running{{{selector}}})",
            max(BUSY_SHARE, engine.max_num_seqs * BUSY_SHARE),
        ),
    )
    admitted = (engine.max_num_seqs + waiting_per_replica) * most
    return Scaling(least, most, triggers, admitted)


def threshold_of(waiting_per_replica: int) -> float:
    """Waiting requests of one replica that ask for another: half of what may wait, at least one."""
    return float(max(1, waiting_per_replica // 2))
