"""llm-d's prefill/decode disaggregation: what its engines carry beyond a plain engine's pod.

An engine that answers stands behind a sidecar, which asks an engine that only reads prompts first
where the router chose one; the KV cache then goes from engine to engine.
https://github.com/llm-d/llm-d-router/blob/v0.10.0/docs/disaggregation.md
"""

from dataclasses import dataclass

from llmplat.plan.cluster.disaggregation import PlannedPrefill
from llmplat.plan.cluster.scaling import PREFILL
from llmplat.render.objects.containers import PORT
from llmplat.render.objects.shape import Object, container_security

ROLE_LABEL = "llm-d.ai/role"
"""What the router tells the two kinds of engine by."""
BEHIND = 8200
"""Port of an engine behind its sidecar, which takes the pod's own."""
HANDSHAKE = 5600
"""Where engines agree on handing a KV cache over."""


@dataclass(frozen=True)
class Part:
    """Which of a model's engines a Deployment runs."""

    suffix: str = ""
    role: str | None = None
    port: int = PORT

    @property
    def labels(self) -> dict[str, str]:
        """What tells its pods from those of the other part."""
        return {ROLE_LABEL: self.role} if self.role is not None else {}


WHOLE = Part()
ANSWERS = Part(role="decode", port=BEHIND)
READS = Part(PREFILL, role="prefill")


def hand_over(pod: Object, part: Part, prefill: PlannedPrefill | None) -> None:
    """Adds to `pod` what an engine needs to hand KV caches over or to receive them."""
    if prefill is None:
        return
    engine = pod["containers"][0]
    address = {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}
    engine["env"] += [
        {"name": "VLLM_NIXL_SIDE_CHANNEL_HOST", "valueFrom": address},
        {"name": "VLLM_NIXL_SIDE_CHANNEL_PORT", "value": str(HANDSHAKE)},
    ]
    if part is ANSWERS:
        engine["ports"][0]["name"] = "engine"
        for probe in ("readinessProbe", "livenessProbe"):
            engine[probe]["httpGet"]["port"] = "engine"
        pod.setdefault("initContainers", []).append(_sidecar(prefill))


def _sidecar(prefill: PlannedPrefill) -> Object:
    """Starts before the engine and ends after it, as init containers that stay do."""
    return {
        "name": "sidecar",
        "image": prefill.sidecar,
        "imagePullPolicy": "IfNotPresent",
        "args": [
            f"--port={PORT}",
            f"--model-server-port={BEHIND}",
            "--kv-connector=nixlv2",
            # Who may ask is a NetworkPolicy's and the engine key's business.
            "--secure-proxy=false",
        ],
        "restartPolicy": "Always",
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": {
            "requests": {"cpu": "250m", "memory": "256Mi"},
            "limits": {"memory": "512Mi"},
        },
        "securityContext": container_security(),
    }
