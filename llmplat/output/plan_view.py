"""Turns a plan into a tree for people and records for pipes."""

from collections.abc import Iterator, Sequence

from llmplat.domain.units import format_size, format_usd
from llmplat.output.gke_view import gke_nodes, gke_records
from llmplat.output.theme import Theme
from llmplat.output.tree import Node, tree_lines
from llmplat.output.view import View
from llmplat.plan.plan import Plan
from llmplat.plan.planned import (
    PlannedComponent,
    PlannedModel,
    PlannedOverflow,
    PlannedPrice,
    PlannedTenant,
)

_MILLION = 1_000_000


def _human(plan: Plan, theme: Theme) -> Iterator[str]:
    root = Node(
        f"{theme.title(plan.platform)}  profile {plan.profile}, substrate {plan.substrate}",
        [
            Node(theme.title("layers"), _layers(plan, theme)),
            Node(theme.title("models"), [_model(model, theme) for model in plan.models]),
            *([Node(theme.title("tenants"), _tenants(plan))] if plan.tenants else []),
            Node(theme.title("timeouts"), [Node(_timeouts(plan))]),
            *_waves(plan, theme),
            *_left_out(plan, theme),
            *(gke_nodes(plan.gke, theme) if plan.gke else ()),
        ],
    )
    yield from tree_lines(root, theme)
    for warning in plan.warnings:
        yield f"{theme.glyph('warning')} {warning}"


def _layers(plan: Plan, theme: Theme) -> list[Node]:
    by_name = {component.name: component for component in plan.components}
    return [
        Node(
            f"{layer.order} {layer.name}  {theme.dim(layer.purpose)}",
            [Node(_component(by_name[name], theme)) for name in layer.components],
        )
        for layer in plan.layers
    ]


def _component(component: PlannedComponent, theme: Theme) -> str:
    version = f" {component.version}" if component.version else ""
    return f"{component.name}{version}  {theme.dim(component.purpose)}"


def _model(model: PlannedModel, theme: Theme) -> Node:
    also = f"  {theme.dim('also ' + ', '.join(model.aliases))}" if model.aliases else ""
    lines = [_runs(model), _memory(model), _kv_cache(model), _carries(model), _price(model.price)]
    lines += [_overflow(way) for way in model.overflow]
    return Node(
        f"{model.name}{also}",
        [Node(line) for line in (*filter(None, lines), theme.dim(model.price.how))],
    )


def _overflow(way: PlannedOverflow) -> str:
    who = ", ".join(way.tenants) or "no tenant"
    return f"{way.use} outside: {way.url}, {way.data_class} data of {who}; {_price(way.price)}"


def _runs(model: PlannedModel) -> str:
    if model.runtime is None:
        return f"answered by {', '.join(model.backends)}"
    ports = f", port {', '.join(str(port) for port in model.ports)}" if model.ports else ""
    gpu = f" on 1 x {model.gpu} each" if model.gpu else ""
    count = f"{model.replicas} replica{'s' if model.replicas > 1 else ''}"
    return f"{count} on {model.runtime}{gpu}{ports}, from {model.source} @ {model.revision}"


def _memory(model: PlannedModel) -> str | None:
    need = model.memory
    if need is None:
        return None
    items = (
        f"weights {format_size(need.weights_bytes)} + KV cache {format_size(need.kv_cache_bytes)}"
        f" + engine {format_size(need.overhead_bytes)}"
    )
    return f"memory {format_size(need.total_bytes)} each = {items}"


def _kv_cache(model: PlannedModel) -> str | None:
    need = model.memory
    if need is None:
        return None
    return f"KV cache {need.kv_tokens} tokens, {need.kv_bytes_per_token} bytes each = {need.how}"


def _carries(model: PlannedModel) -> str:
    capacity = model.capacity
    return (
        f"{capacity.running} requests at once and {capacity.waiting} waiting; context "
        f"{model.context} tokens, answers up to {model.max_tokens}, "
        f"{model.default_max_tokens} unless asked"
    )


def _price(price: PlannedPrice) -> str:
    each = " in, ".join(
        format_usd(nanousd * _MILLION)
        for nanousd in (price.input_nanousd_per_token, price.output_nanousd_per_token)
    )
    return f"price {each} out per million tokens{' (estimate)' if price.is_estimate else ''}"


def _tenants(plan: Plan) -> list[Node]:
    return [Node(_tenant(tenant)) for tenant in plan.tenants]


def _tenant(tenant: PlannedTenant) -> str:
    models = ", ".join(tenant.models) or "none"
    budget = f"{format_usd(tenant.budget_nanousd)} a {tenant.period}"
    if tenant.period == "total":
        budget = f"{format_usd(tenant.budget_nanousd)} in all"
    apps = ", ".join(tenant.apps) or "none"
    return f"{tenant.name}  {budget}, {tenant.priority_class}, models {models}, apps {apps}"


def _timeouts(plan: Plan) -> str:
    chain = plan.timeouts
    return (
        f"client {chain.client_s:g} s > gateway {chain.gateway_s:g} s > engine {chain.engine_s:g} s"
    )


def _waves(plan: Plan, theme: Theme) -> list[Node]:
    """In a cluster: what is made in which order."""
    if plan.cluster is None:
        return []
    waves: dict[int, list[str]] = {}
    for one in plan.cluster.applications:
        waves.setdefault(one.wave, []).append(one.name)
    lines = [Node(f"{wave}  {', '.join(names)}") for wave, names in sorted(waves.items())]
    return [Node(theme.title("Applications by wave"), lines)]


def _left_out(plan: Plan, theme: Theme) -> list[Node]:
    if not plan.left_out:
        return []
    reasons = [Node(f"{left.name}  {theme.dim(left.why)}") for left in plan.left_out]
    return [Node(theme.title(f"left out on {plan.substrate}"), reasons)]


def _plain(plan: Plan) -> Iterator[Sequence[object]]:
    yield "platform", plan.platform, plan.profile, plan.substrate
    for layer in plan.layers:
        yield "layer", layer.order, layer.name, ",".join(layer.components)
    for component in plan.components:
        yield "component", component.name, component.layer, component.version
    for model in plan.models:
        yield "model", *_model_record(model)
    for tenant in plan.tenants:
        yield "tenant", tenant.name, tenant.budget_nanousd, tenant.period, tenant.priority_class
    yield "timeouts", plan.timeouts.client_s, plan.timeouts.gateway_s, plan.timeouts.engine_s
    for one in plan.cluster.applications if plan.cluster else ():
        yield "application", one.name, one.wave, one.namespace
    yield from gke_records(plan.gke) if plan.gke else ()
    for left in plan.left_out:
        yield "left-out", left.name, left.layer, left.why
    for warning in plan.warnings:
        yield "warning", warning


def _model_record(model: PlannedModel) -> Sequence[object]:
    price = model.price
    return (
        model.name,
        model.runtime or ",".join(model.backends),
        model.replicas,
        model.context,
        model.capacity.running,
        model.capacity.waiting,
        price.input_nanousd_per_token,
        price.output_nanousd_per_token,
        "estimate" if price.is_estimate else "given",
    )


PLAN: View[Plan] = View("Plan", _human, _plain)
