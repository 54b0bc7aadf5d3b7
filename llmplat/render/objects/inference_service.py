"""A model's engine as KServe's InferenceService: the same pod, its life cycle KServe's."""

from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.render.objects.shape import Object, make_object

API = "serving.kserve.io/v1beta1"
CONTAINER = "kserve-container"
"""What KServe calls the first container of every model, whatever it was called."""
CANARY = "canary"
_PREFIX = "serving.kserve.io/"


def make_inference_service(
    engine: ClusterEngine, deployment: Object, canary: Object | None = None
) -> Object:
    """`deployment` in KServe's words, in its Standard mode: a plain Deployment, no Knative.

    KServe counts no replicas where a ScaledObject does. `canary` is the Deployment of one more
    replica with another image; the router sees it as one more replica of the model.
    """
    scaler = "none" if engine.scaling is None else "external"
    metadata = {
        **deployment["metadata"],
        "annotations": {
            f"{_PREFIX}deploymentMode": "Standard",
            f"{_PREFIX}autoscalerClass": scaler,
        },
    }
    spec: Object = {"predictor": _predictor(deployment, engine.least, engine.most)}
    if canary is not None and engine.canary is not None:
        predictor = {"name": CANARY, **_predictor(canary, 1, 1)}
        percent = engine.canary.traffic_percent
        spec["canary"] = [{"predictor": predictor, "trafficPercent": percent}]
    return make_object(API, "InferenceService", metadata, spec=spec)


def deployment_of(engine: ClusterEngine) -> str:
    """Name of the Deployment that KServe makes."""
    return f"{engine.name}-predictor"


def _predictor(deployment: Object, least: int, most: int) -> Object:
    template = deployment["spec"]["template"]
    first, *others = template["spec"]["containers"]
    predictor: Object = {
        "minReplicas": least,
        "maxReplicas": most,
        "labels": template["metadata"]["labels"],
        "deploymentStrategy": deployment["spec"]["strategy"],
        **template["spec"],
        "containers": [{**first, "name": CONTAINER}, *others],
    }
    if "annotations" in template["metadata"]:
        predictor["annotations"] = template["metadata"]["annotations"]
    return predictor
