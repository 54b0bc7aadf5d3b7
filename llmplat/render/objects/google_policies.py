"""What Google's load balancers read from policies of their own, as routes say it elsewhere."""

from llmplat.render.objects.shape import Object, make_object

_API = "networking.gke.io/v1"


def make_google_policies(
    metadata: Object, target: Object, health: Object, limit: Object
) -> tuple[Object, Object]:
    """How the backends of `target` are asked whether they are well, and how long an answer may take.

    Without them each pod's / is asked for 200, and an answer is cut after 30 s. Source:
    cloud.google.com/kubernetes-engine/docs/how-to/configure-gateway-resources
    """
    ref = {**target, "name": metadata["name"]}
    check = {"targetRef": ref, "default": health}
    backend = {"targetRef": ref, "default": limit}
    return (
        make_object(_API, "HealthCheckPolicy", metadata, spec=check),
        make_object(_API, "GCPBackendPolicy", metadata, spec=backend),
    )


def ask_at(path: str, port: int) -> Object:
    """A question by HTTP, as health policies spell it."""
    return {"type": "HTTP", "httpHealthCheck": {"requestPath": path, "port": port}}
