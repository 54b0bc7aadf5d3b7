"""Plan -> our own Kubernetes objects, by the Application that brings them."""

from llmplat.plan.cluster.workloads import Workloads
from llmplat.plan.plan import Plan
from llmplat.render.objects.admission import make_admission
from llmplat.render.objects.console import make_console_objects
from llmplat.render.objects.counters import make_counter_objects
from llmplat.render.objects.engines import make_model_objects
from llmplat.render.objects.gateway import make_gateway_objects
from llmplat.render.objects.namespaces import make_namespaces
from llmplat.render.objects.observability import make_observability_objects
from llmplat.render.objects.open_webui import make_open_webui_objects
from llmplat.render.objects.queues import make_queue_objects
from llmplat.render.objects.routes import make_inference_gateway, make_route_objects
from llmplat.render.objects.secrets import make_external_secrets, make_store_objects
from llmplat.render.objects.shape import Object
from llmplat.render.objects.usage_ledger import make_usage_ledger_objects

__all__ = ["make_objects"]


def make_objects(plan: Plan) -> dict[str, tuple[Object, ...]]:
    """Application name -> its objects, for every Application without a chart; {} on one machine."""
    if plan.cluster is None:
        return {}
    platform, work = plan.platform, plan.cluster.workloads
    found = _platform_layer(platform, work)
    for engine in work.engines:
        found[f"model-{engine.launch.model}"] = make_model_objects(platform, engine, work)
    if work.routing is not None:
        found["inference-gateway"] = make_inference_gateway(platform, work.routing)
        for route in work.routing.routes:
            objects = make_route_objects(platform, route, work.routing)
            found[f"route-{route.model}"] = objects
    if work.gateway is not None and work.routing is not None:
        found["counters"] = make_counter_objects(platform, work.gateway.counters)
        if work.gateway.usage_database is not None:
            found["usage-ledger"] = make_usage_ledger_objects(platform, work.gateway.usage_database)
        found["litellm"] = make_gateway_objects(platform, work.gateway, work.routing)
    if work.console is not None:
        found["console"] = make_console_objects(platform, work.console)
    if work.observability is not None:
        found["observability"] = make_observability_objects(platform, work.observability)
    if work.has_open_webui:
        found["open-webui-config"] = make_open_webui_objects(platform)
    return found


def _platform_layer(platform: str, work: Workloads) -> dict[str, tuple[Object, ...]]:
    secrets = work.secrets
    return {
        "namespaces": make_namespaces(platform, work),
        "external-secrets-config": (
            *make_store_objects(platform, secrets.store),
            *make_external_secrets(platform, secrets.store, secrets.secrets),
        ),
        "kueue-config": make_queue_objects(platform, work.queues),
        "admission": make_admission(platform, work.policies),
    }
