"""Claims for GPUs: the class of devices that queues count, and a template for each engine."""

import hashlib

from llmplat.catalog.cluster import load_claim_rule
from llmplat.plan.cluster.claims import DEVICE_CLASS
from llmplat.plan.cluster.engines import ClusterEngine
from llmplat.plan.engine import NEEDED_BYTES
from llmplat.render.objects.shape import MODEL, OWNER, Object, make_metadata, make_object

API = "resource.k8s.io/v1"
CLAIM = "gpus"
"""Name of the claim in a pod, and of the one request in it."""


def make_device_class(platform: str) -> Object:
    """Whole GPUs of the driver; beside the driver's own class, which stands for a number too."""
    driver = load_claim_rule().driver
    expression = f"device.driver == '{driver}' && device.attributes['{driver}'].type == 'gpu'"
    metadata = make_metadata(platform, DEVICE_CLASS)
    return make_object(API, "DeviceClass", metadata, spec={"selectors": [_cel(expression)]})


def make_claim_template(platform: str, engine: ClusterEngine) -> Object:
    """As many GPUs as one replica needs, each with the memory that the fit asks for."""
    needed = _needed_bytes(engine)
    driver = load_claim_rule().driver
    memory = f"device.capacity['{driver}'].memory.compareTo(quantity('{needed}')) >= 0"
    exactly = {
        "deviceClassName": DEVICE_CLASS,
        "allocationMode": "ExactCount",
        "count": engine.launch.gpus,
        "selectors": [_cel(memory)],
    }
    requests = [{"name": CLAIM, "exactly": exactly}]
    labels = {MODEL: engine.launch.model, OWNER: engine.owner}
    metadata = make_metadata(platform, _template_name(engine), engine.namespace, labels)
    spec = {"spec": {"devices": {"requests": requests}}}
    return make_object(API, "ResourceClaimTemplate", metadata, spec=spec)


def claim(pod: Object, engine: ClusterEngine) -> None:
    """Lets the first container of `pod` use what the engine's template claims."""
    pod["resourceClaims"] = [{"name": CLAIM, "resourceClaimTemplateName": _template_name(engine)}]
    pod["containers"][0]["resources"]["claims"] = [{"name": CLAIM}]


def _template_name(engine: ClusterEngine) -> str:
    """A template cannot be changed, so another wish is another template."""
    wish = f"{engine.launch.gpus} x {_needed_bytes(engine)}"
    return f"{engine.name}-{hashlib.sha256(wish.encode()).hexdigest()[:8]}"


def _needed_bytes(engine: ClusterEngine) -> str:
    return dict(engine.launch.annotations)[NEEDED_BYTES]


def _cel(expression: str) -> Object:
    return {"cel": {"expression": expression}}
