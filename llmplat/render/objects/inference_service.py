"""A model's engine as KServe's InferenceService: the same pod, its life cycle KServe's."""

from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.render.objects.shape import Object, make_object

API = "serving.kserve.io/v1beta1"
CONTAINER = "kserve-container"
"""What KServe calls the first container of every model, whatever it was called."""
_PREFIX = "serving.kserve.io/"


def make_inference_service(engine: ClusterEngine, deployment: Object) -> Object:
    """`deployment` in KServe's words, in its Standard mode: a plain Deployment, no Knative.

    KServe counts no replicas where a ScaledObject does; it may then change a model in steps.
    """
    template = deployment["spec"]["template"]
    first, *others = template["spec"]["containers"]
    pod = {**template["spec"], "containers": [{**first, "name": CONTAINER}, *others]}
    scaler = "none" if engine.scaling is None else "external"
    metadata = {
        **deployment["metadata"],
        "annotations": {
            f"{_PREFIX}deploymentMode": "Standard",
            f"{_PREFIX}autoscalerClass": scaler,
        },
    }
    predictor: Object = {
        "minReplicas": engine.least,
        "maxReplicas": engine.most,
        "labels": template["metadata"]["labels"],
        "deploymentStrategy": deployment["spec"]["strategy"],
        **pod,
    }
    if "annotations" in template["metadata"]:
        predictor["annotations"] = template["metadata"]["annotations"]
    return make_object(API, "InferenceService", metadata, spec={"predictor": predictor})


def deployment_of(engine: ClusterEngine) -> str:
    """Name of the Deployment that KServe makes."""
    return f"{engine.name}-predictor"
