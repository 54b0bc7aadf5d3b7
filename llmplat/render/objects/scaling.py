"""A scaling decision -> the ScaledObject, sole owner of a model's replicas."""

from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.plan.cluster.scaling import PROMETHEUS, Scaling, Trigger
from llmplat.render.objects.shape import MODEL, OWNER, Object, make_metadata, make_object

_AFTER = {"argocd.argoproj.io/sync-wave": "1"}
"""Behind the engine's first start: before it there is nothing to read."""


def make_scaled_object(
    platform: str, engine: ClusterEngine, scaling: Scaling, target: str
) -> Object:
    """Of the Deployment `target`: grows at once, shrinks late; without an answer from Prometheus it never shrinks."""
    spec: Object = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
        "pollingInterval": scaling.poll_s,
        "minReplicaCount": scaling.least,
        "maxReplicaCount": scaling.most,
        "fallback": {
            "failureThreshold": scaling.failures_before_fallback,
            "replicas": scaling.least,
            "behavior": "currentReplicasIfHigher",
        },
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _behaviour(scaling)}},
        "triggers": [_trigger(trigger) for trigger in scaling.triggers],
    }
    labels = {MODEL: engine.launch.model, OWNER: engine.owner}
    metadata = make_metadata(platform, engine.name, engine.namespace, labels, _AFTER)
    return make_object("keda.sh/v1alpha1", "ScaledObject", metadata, spec=spec)


def _trigger(trigger: Trigger) -> Object:
    return {
        "type": "prometheus",
        "name": trigger.name,
        "metricType": "AverageValue",
        "metadata": {
            "serverAddress": PROMETHEUS,
            "query": trigger.query,
            "threshold": f"{trigger.threshold:g}",
            # An engine that Prometheus does not see is no idle engine.
            "ignoreNullValues": "false",
        },
    }


def _behaviour(scaling: Scaling) -> Object:
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": scaling.grow_within_s,
            "selectPolicy": "Max",
            "policies": [{"type": "Percent", "value": 100, "periodSeconds": 60}],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": scaling.shrink_after_s,
            "selectPolicy": "Max",
            "policies": [{"type": "Pods", "value": 1, "periodSeconds": scaling.shrink_every_s}],
        },
    }
