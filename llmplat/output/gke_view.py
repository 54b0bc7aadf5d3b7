"""Turns the cloud's side of a plan into blocks for people and records for pipes."""

from collections import Counter
from collections.abc import Iterator, Sequence

from llmplat.domain.provision import Act, Change
from llmplat.output.theme import Theme
from llmplat.output.tree import Node
from llmplat.plan.gke.amounts import Amounts
from llmplat.plan.gke.changes import replaced_pools
from llmplat.plan.gke.gke_plan import GkePlan
from llmplat.plan.gke.pool_price import PoolCost
from llmplat.plan.gke.price import GkePrice

_NANO = 10**9
_HEAD = ("", "minimum", "idle", "expected", "maximum")


def gke_nodes(gke: GkePlan, theme: Theme) -> list[Node]:
    """The blocks of the page: cluster, resources, pools, price, what is not in it, changes."""
    return [
        Node(theme.title("cloud"), [Node(line) for line in _cluster(gke)]),
        Node(theme.title(f"{len(gke.resources)} resources"), _resources(gke)),
        Node(theme.title("machines"), [_pool(pool, theme) for pool in gke.price.pools]),
        Node(theme.title("price a month, in USD"), _price(gke.price, theme)),
        Node(theme.title("at these unit prices"), _units(gke.price)),
        Node(theme.title("by use, on top"), _usage(gke.price)),
        Node(theme.title("no price known, on top"), _unknown(gke.price, theme)),
        Node(theme.title("against the last up"), _changes(gke, theme)),
        *_warnings(gke, theme),
    ]


def gke_records(gke: GkePlan) -> Iterator[Sequence[object]]:
    """One record a line; money in nano-dollars."""
    yield "cloud", gke.inputs.project, gke.inputs.location, gke.inputs.kubernetes
    for one in gke.resources:
        yield "resource", one.type, one.name
    for pool in gke.price.pools:
        yield "pool", pool.name, pool.machine, pool.capacity, *_four(pool.machines)
    for line in gke.price.lines:
        amounts = _four(line.monthly_nanousd)
        yield "price", line.item, line.sku, line.unit, line.unit_nanousd, *amounts, line.as_of
    yield "price-total", *_four(gke.price.total)
    for use in gke.price.usage:
        yield "price-by-use", use.what, use.sku, use.unit, use.unit_nanousd, use.as_of
    for unknown in gke.price.unknown:
        yield "price-unknown", unknown.what, unknown.sku or "", unknown.why
    for change in gke.changes or ():
        yield "change", change.act.value, change.kind, change.name, ",".join(change.differs)
    if gke.changes is None:
        yield "change", "unknown", "nothing was applied from this machine"
    for finding in gke.warnings:
        yield "warning", finding.code, finding.what, str(finding.where or "")


def _cluster(gke: GkePlan) -> Iterator[str]:
    told = gke.inputs
    zones = ", ".join(told.zones) or "zones of the region"
    yield f"project {told.project}, {told.location} ({zones}), Kubernetes {told.kubernetes}"
    reached = ", ".join(f"{name} {cidr}" for name, cidr in told.authorized)
    reach = f"its DNS name and from {reached}" if reached else "its DNS name only"
    nodes = "private, out through NAT" if told.private_nodes else "with public addresses"
    yield f"control plane reached by {reach}; machines {nodes}"
    net = told.network
    yield f"nodes {net.nodes}, pods {net.pods}, Services {net.services}, proxies {net.proxy_only}"
    if net.inference is not None:
        yield f"address {net.inference} kept for the load balancer in front of models ({net.inference_name})"
    days = ", ".join(told.maintenance_days)
    yield (
        f"channel {told.release_channel}; touched {days} from {told.maintenance_start} UTC, "
        f"{told.maintenance_hours} h"
    )
    guard = "on: `down` lifts it first" if told.deletion_protection else "OFF"
    yield f"deletion protection {guard}"


def _resources(gke: GkePlan) -> list[Node]:
    kinds: dict[str, list[str]] = {}
    for one in gke.resources:
        kinds.setdefault(one.type.rpartition(":")[2], []).append(one.name)
    return [Node(f"{len(names)} x {kind}  {', '.join(names)}") for kind, names in kinds.items()]


def _pool(pool: PoolCost, theme: Theme) -> Node:
    prices = ", ".join(
        f"{name} {usd(each, 4)}" if each is not None else f"{name} unknown"
        for name, each in (
            ("on-demand", pool.on_demand_nanousd_per_hour),
            ("spot", pool.spot_nanousd_per_hour),
        )
    )
    low, idle, expected, high = _four(pool.machines)
    text = f"{pool.name}  {pool.machine}, {pool.capacity}: {low} to {high}, {idle} idle, {expected} expected"
    return Node(text, [Node(theme.dim(f"an hour: {prices}")), *_otherwise(pool, theme)])


def _otherwise(pool: PoolCost, theme: Theme) -> list[Node]:
    """What the same machines would cost the other way."""
    other, name = pool.on_demand_monthly_nanousd, "on demand"
    if pool.capacity == "on-demand":
        other, name = pool.spot_monthly_nanousd, "as spot"
    if other is None:
        return []
    return [Node(theme.dim(f"{name}: {usd(other.expected)} expected, {usd(other.maximum)} full"))]


def _price(price: GkePrice, theme: Theme) -> list[Node]:
    """The table; its head steps back and its sum stands out."""
    rows: list[tuple[str, ...]] = [_HEAD]
    rows += [(line.item, *map(usd, _four(line.monthly_nanousd))) for line in price.lines]
    rows += [("together", *map(usd, _four(price.total)))]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    texts = [
        row[0].ljust(widths[0])
        + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]
    return [
        Node(theme.dim(texts[0])),
        *(Node(text) for text in texts[1:-1]),
        Node(theme.title(texts[-1])),
    ]


def _units(price: GkePrice) -> list[Node]:
    """Each unit price once, with its date."""
    told = {
        f"{line.sku} {usd(line.unit_nanousd, 6)} {_each(line.unit)}, {line.region}, {line.as_of}"
        f"{f'; {line.note}' if line.note else ''}": None
        for line in price.lines
    }
    return [Node(text) for text in told]


def _each(unit: str) -> str:
    return {"hour": "an hour", "gib": "a GiB", "gib-month": "a GiB a month"}[unit]


def _usage(price: GkePrice) -> list[Node]:
    return [
        Node(f"{use.what}: {usd(use.unit_nanousd, 3)} {_each(use.unit)} ({use.as_of})")
        for use in price.usage
    ]


def _unknown(price: GkePrice, theme: Theme) -> list[Node]:
    """By reason; several of one kind on one line."""
    counts = Counter((one.kind or one.what, one.why) for one in price.unknown)
    return [
        Node(f"{theme.glyph('unknown')} {f'{count} x {what}' if count > 1 else what}: {why}")
        for (what, why), count in counts.items()
    ]


def _changes(gke: GkePlan, theme: Theme) -> list[Node]:
    if gke.changes is None:
        return [Node("nothing was applied from this machine: all of it would be new")]
    lines = [Node(_change(one, theme)) for one in gke.changes] or [Node("nothing would change")]
    pools = replaced_pools(gke.changes, gke.inputs.platform)
    if pools:
        names = " ".join(f"--allow-replace {name}" for name in pools)
        lines.append(Node(theme.paint(f"what runs there ends; `up` needs {names}", "red")))
    return lines


def _change(one: Change, theme: Theme) -> str:
    keys = f"  {', '.join(one.differs)}" if one.differs else ""
    text = f"{one.act.value} {one.kind.rpartition(':')[2]} {one.name}{keys}"
    return theme.paint(text, "red") if one.act in {Act.REPLACE, Act.DELETE} else text


def _warnings(gke: GkePlan, theme: Theme) -> list[Node]:
    lines = [
        Node(
            f"{theme.glyph('warning')} {one.what}",
            [
                Node(theme.dim(text))
                for text in (one.why, *(f"fix: {fix}" for fix in one.fix))
                if text
            ],
        )
        for one in gke.warnings
    ]
    return [Node(theme.title("warnings"), lines)] if lines else []


def _four(amounts: Amounts) -> tuple[int, int, int, int]:
    return amounts.minimum, amounts.idle, amounts.expected, amounts.maximum


def usd(nanousd: int, digits: int = 2) -> str:
    """Nano-dollars as dollars with `digits` behind the point, halves away from zero."""
    step = _NANO // 10**digits
    whole = (nanousd + step // 2) // step
    text = f"{whole:0{digits + 1}d}"
    return f"{int(text[:-digits]):,}.{text[-digits:]}"
