"""Lua that tells Argo CD when a kind is well, from the files in data/."""

from functools import cache
from pathlib import Path

_DATA = Path(__file__).parent / "data"
_SCRIPTS = {
    "argoproj.io_Application": "application-health.lua",
    "inference.networking.k8s.io_InferencePool": "inference-pool-health.lua",
    "keda.sh_ScaledObject": "scaled-object-health.lua",
    "kueue.x-k8s.io_ClusterQueue": "queue-health.lua",
    "kueue.x-k8s.io_LocalQueue": "queue-health.lua",
    "nvidia.com_ClusterPolicy": "gpu-cluster-policy-health.lua",
}
"""Group and kind as argocd-cm spells them -> script."""


@cache
def health_scripts() -> dict[str, str]:
    """Key of argocd-cm -> Lua; the scripts are part of the package."""
    return {
        f"resource.customizations.health.{kind}": (_DATA / name).read_text("utf-8")
        for kind, name in _SCRIPTS.items()
    }
