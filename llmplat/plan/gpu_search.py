"""A model without a GPU -> the machines of the catalogue that hold it, cheapest first."""

from collections.abc import Callable, Sequence
from typing import Literal

from llmplat.fit.inputs import EngineSettings
from llmplat.fit.search import HostLimits, MachineOffer, search
from llmplat.plan.fit_model import FoundModel
from llmplat.plan.fit_values import families
from llmplat.plan.gpu_fit import MachineSearch

Offers = Callable[[str | None], Sequence[MachineOffer]]


def search_machines(  # noqa: PLR0913 (each is one wish, by name)
    model: FoundModel,
    settings: EngineSettings,
    offers: Offers,
    *,
    region: str | None,
    is_spot: bool,
    by: Literal["price", "tokens-per-dollar"],
    host: HostLimits,
) -> MachineSearch:
    """The machines that hold `model`, and why the others do not.

    `offers` gives the machines of a region, or of all; it raises InputError for a wrong one.
    """
    found = tuple(offers(region))
    order = "tokens-per-usd" if by == "tokens-per-dollar" else "price"
    report = search(
        model.config,
        found,
        settings,
        families=families(),
        checkpoint=model.checkpoint,
        use_spot=is_spot,
        by=order,
        host=host,
    )
    return MachineSearch(model, settings, report, by, region)
