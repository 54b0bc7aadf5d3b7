"""Reads what a cluster's objects are made of: delivery rules, measured rates, scripts, the gateway's code."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from llmplat.catalog.entries import ClaimRule, DeliveryRule, ServingRates
from llmplat.catalog.load import DATA
from llmplat.catalog.make import make_claim_rule, make_delivery_rule, make_serving_rates
from llmplat.catalog.read import read_each

GATEWAY_CODE = Path(__file__).parents[1] / "gateway"
CONSOLE_CODE = Path(__file__).parents[1] / "console"


@cache
def load_delivery_rules(data: Path = DATA) -> tuple[DeliveryRule, ...]:
    """All rules, the preferred one first; CatalogError when a file is wrong."""
    rules = read_each((data / "cluster" / "delivery").glob("*.yaml"), make_delivery_rule)
    return tuple(sorted(rules.values(), key=lambda rule: rule.order))


@cache
def load_serving_rates(data: Path = DATA) -> ServingRates:
    """The stated rates; CatalogError when the file is wrong."""
    return read_each([data / "cluster" / "serving-rates.yaml"], make_serving_rates)["serving-rates"]


@cache
def load_claim_rule(data: Path = DATA) -> ClaimRule:
    """What claimed GPUs need; CatalogError when the file is wrong."""
    return read_each([data / "cluster" / "claims.yaml"], make_claim_rule)["claims"]


@cache
def load_script(name: str, data: Path = DATA) -> str:
    """The text of one script that runs inside a pod."""
    return (data / "cluster" / "scripts" / name).read_text("utf-8")


@cache
def load_gateway_code() -> Mapping[str, str]:
    """File name -> text of the package that runs inside the gateway's process."""
    return {file.name: file.read_text("utf-8") for file in sorted(GATEWAY_CODE.glob("*.py"))}


@cache
def load_console_code() -> Mapping[str, str]:
    """File name -> text of the console package: its modules, pages, style and script."""
    files = sorted(file for file in CONSOLE_CODE.iterdir() if file.is_file())
    return {file.name: file.read_text("utf-8") for file in files}
