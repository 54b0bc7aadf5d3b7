"""Reads what a cluster's objects are made of: delivery rules, measured rates, scripts, the gateway's code."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from llmplat.catalog.entries import Sourced
from llmplat.catalog.load import DATA
from llmplat.catalog.read import Record, read_each

GATEWAY_CODE = Path(__file__).parents[1] / "gateway"


@dataclass(frozen=True)
class DeliveryRule(Sourced):
    """One way in which a model's image reaches its engine, and where it can be used."""

    name: str
    title: str
    order: int
    """Of the rules that a cluster can follow the lowest is taken."""
    since: str
    """First Kubernetes minor that has it."""
    default_since: str | None
    """First minor where it works without the cluster saying so; None: never by itself."""
    ability: str | None
    """Substrate ability that stands in for `default_since` on an older cluster."""
    excludes: tuple[str, ...]
    """GPU stacks it was found not to work with."""


@dataclass(frozen=True)
class ServingRates(Sourced):
    """Stated rates behind start-up budgets: pessimistic, so that a slow start is no failure."""

    name: str
    pull_bytes_per_s: int
    load_bytes_per_s: int
    engine_start_s: int
    """An engine's own start: imports, compilation, graphs, the first answer."""
    schedule_s: int
    """A machine of the pool being made and its driver started."""


@cache
def load_delivery_rules(data: Path = DATA) -> tuple[DeliveryRule, ...]:
    """All rules, the preferred one first; CatalogError when a file is wrong."""
    rules = read_each((data / "cluster" / "delivery").glob("*.yaml"), _make_rule)
    return tuple(sorted(rules.values(), key=lambda rule: rule.order))


@cache
def load_serving_rates(data: Path = DATA) -> ServingRates:
    """The stated rates; CatalogError when the file is wrong."""
    return read_each([data / "cluster" / "serving-rates.yaml"], _make_rates)["serving-rates"]


@cache
def load_script(name: str, data: Path = DATA) -> str:
    """The text of one script that runs inside a pod."""
    return (data / "cluster" / "scripts" / name).read_text("utf-8")


@cache
def load_gateway_code() -> Mapping[str, str]:
    """File name -> text of the package that runs inside the gateway's process."""
    return {file.name: file.read_text("utf-8") for file in sorted(GATEWAY_CODE.glob("*.py"))}


def _make_rule(record: Record) -> DeliveryRule:
    return DeliveryRule(
        name=record.text("name"),
        title=record.text("title"),
        order=record.whole("order"),
        since=record.text("since"),
        default_since=record.optional_text("default_since"),
        ability=record.optional_text("ability"),
        excludes=record.texts("excludes"),
        source=record.text("source"),
        as_of=record.text("as_of"),
    )


def _make_rates(record: Record) -> ServingRates:
    return ServingRates(
        name=record.text("name"),
        pull_bytes_per_s=record.whole("pull_bytes_per_s"),
        load_bytes_per_s=record.whole("load_bytes_per_s"),
        engine_start_s=record.whole("engine_start_s"),
        schedule_s=record.whole("schedule_s"),
        source=record.text("source"),
        as_of=record.text("as_of"),
    )
