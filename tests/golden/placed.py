"""Launches of a local plan placed in a cluster: the same words, a pod's surroundings."""

from dataclasses import replace

from llmplat.plan.cluster.delivery import Delivery
from llmplat.plan.cluster.engines import ClusterEngine, adapt_launch, start_budget_s
from llmplat.plan.cluster.gateway import SYSTEM_KEY, ClusterGateway, Counters, Entry
from llmplat.plan.cluster.routing import Chain, Routing
from llmplat.plan.launch import EngineLaunch
from llmplat.plan.plan import Plan
from llmplat.render.gateway_files import make_gateway_files
from llmplat.render.objects.engines import make_engine_deployment
from llmplat.render.objects.gateway import make_gateway_deployment

IMAGE = "registry.example.com/image:tag"


def engine(launch: EngineLaunch, plan: Plan) -> dict:
    """The Deployment of one engine of a local plan."""
    model = next(model for model in plan.models if model.name == launch.model)
    weights_bytes = model.memory.weights_bytes
    start_s, drain_s = start_budget_s(weights_bytes), round(plan.timeouts.engine_s)
    placed = ClusterEngine(
        name=launch.name, launch=adapt_launch(launch, weights_bytes, start_s, drain_s), kind=model.kind,
        owner=model.owner, namespace=f"models-{model.owner}", image=IMAGE,
        delivery=Delivery("image-volume", IMAGE, ""), weights_bytes=weights_bytes,
        least=launch.replicas, most=launch.replicas, scaling=None, drain_s=drain_s,
        start_s=start_s, progress_s=start_s + 1, gpu=model.gpu, gpu_bytes=None, flavor=None,
        queue=None, is_split=False, priority="llmplat-serving", cpu_cores=2.0, secrets=(),
    )  # fmt: skip
    return make_engine_deployment(plan.platform, placed)


def gateway(plan: Plan) -> dict:
    """The Deployment of a local plan's gateway."""
    launch = replace(plan.gateway, secret_env=(*plan.gateway.secret_env, SYSTEM_KEY))
    placed = ClusterGateway(
        launch=launch, image=IMAGE, replicas=2, is_spread=False,
        entry=Entry("ClusterIP", (), None), counters=Counters(IMAGE, None), code={}, keys=(),
        upstream="http://inference-gateway/v1", secrets=(), has_external=False,
    )  # fmt: skip
    limits = plan.timeouts
    chain = Chain(
        *(round(s * 1000) for s in (limits.client_s, limits.gateway_s)), 597_000, 593_000, 590_000
    )
    routing = Routing("agentgateway", "agentgateway", "inference-gateway", 8080, chain, (), 2, ())
    files = {f.path: f.content for f in make_gateway_files(launch, lambda _: placed.upstream)}
    return make_gateway_deployment(plan.platform, placed, routing, files)
