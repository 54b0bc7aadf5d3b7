"""Plan -> our own Kubernetes objects, by the Application that brings them."""

from llmplat.plan.cluster.applications import ARGO_CD
from llmplat.plan.cluster.experience import DEX, PROXY
from llmplat.plan.cluster.tracing import COLLECTOR
from llmplat.plan.cluster.workloads import Workloads
from llmplat.plan.plan import Plan
from llmplat.render.objects.admission import make_admission
from llmplat.render.objects.app_pods import make_app
from llmplat.render.objects.apps import make_app_walls
from llmplat.render.objects.collector import make_collector_objects
from llmplat.render.objects.console import make_console_objects
from llmplat.render.objects.counters import make_counter_objects
from llmplat.render.objects.dex import make_dex_objects
from llmplat.render.objects.engines import make_model_objects
from llmplat.render.objects.gateway import make_gateway_objects
from llmplat.render.objects.langfuse import make_langfuse_objects
from llmplat.render.objects.namespaces import make_namespaces
from llmplat.render.objects.observability import make_observability_objects
from llmplat.render.objects.queues import make_queue_objects
from llmplat.render.objects.repository import make_repository_objects
from llmplat.render.objects.routes import make_inference_gateway, make_route_objects
from llmplat.render.objects.secrets import make_external_secrets, make_store_objects
from llmplat.render.objects.shape import Object
from llmplat.render.objects.sign_in import make_sign_in_objects
from llmplat.render.objects.usage_ledger import make_usage_ledger_objects

__all__ = ["make_objects"]


def make_objects(plan: Plan) -> dict[str, tuple[Object, ...]]:
    """Application name -> its objects, for every Application without a chart; {} on one machine."""
    if plan.cluster is None:
        return {}
    platform, work = plan.platform, plan.cluster.workloads
    found = _platform_layer(plan, work)
    for engine in work.engines:
        found[f"model-{engine.launch.model}"] = make_model_objects(platform, engine, work)
    found |= _ways(platform, work)
    if work.tracing is not None:
        found[COLLECTOR] = make_collector_objects(platform, work.tracing)
    if work.console is not None:
        found["console"] = make_console_objects(platform, work.console, work.routing)
    if work.observability is not None:
        found["observability"] = make_observability_objects(platform, work.observability)
    if work.langfuse is not None:
        found["langfuse-config"] = make_langfuse_objects(platform, work.langfuse)
    return found | _experience(platform, work)


def _ways(platform: str, work: Workloads) -> dict[str, tuple[Object, ...]]:
    """What leads to the engines, and what counts on the way."""
    found: dict[str, tuple[Object, ...]] = {}
    if work.routing is None:
        return found
    found["inference-gateway"] = make_inference_gateway(platform, work.routing)
    for route in work.routing.routes:
        found[f"route-{route.model}"] = make_route_objects(platform, route, work.routing)
    if work.gateway is not None:
        found["counters"] = make_counter_objects(platform, work.gateway.counters)
        if work.gateway.usage_database is not None:
            found["usage-ledger"] = make_usage_ledger_objects(platform, work.gateway.usage_database)
        found["litellm"] = make_gateway_objects(platform, work.gateway, work.routing)
    return found


def _experience(platform: str, work: Workloads) -> dict[str, tuple[Object, ...]]:
    """What people touch."""
    given, routing = work.experience, work.routing
    if given is None or routing is None:
        return {}
    found = {}
    for app in given.apps:
        name = f"{app.name}-config" if app.image is None else app.name
        found[name] = (*make_app_walls(platform, app, given), *make_app(platform, app, given))
    if given.sign_in is not None:
        found[PROXY] = make_sign_in_objects(platform, given, given.sign_in, routing)
        if given.sign_in.dex is not None:
            found[DEX] = make_dex_objects(
                platform, given, given.sign_in, given.sign_in.dex, routing
            )
    return found


def _platform_layer(plan: Plan, work: Workloads) -> dict[str, tuple[Object, ...]]:
    assert plan.cluster is not None  # noqa: S101 (only called for clusters)
    platform, store, secrets = plan.platform, work.secrets.store, work.secrets.secrets
    # What Argo CD reads has a form of its own.
    plain = (one for one in secrets if one.namespace != ARGO_CD)
    return {
        "namespaces": make_namespaces(platform, work),
        "external-secrets-config": (
            *make_store_objects(platform, store),
            *make_external_secrets(platform, store, plain),
            *make_repository_objects(platform, plan.cluster.gitops, store, secrets),
        ),
        "kueue-config": make_queue_objects(platform, work.queues),
        "admission": make_admission(platform, work.policies),
    }
