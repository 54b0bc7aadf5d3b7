"""What one GPU costs an hour where clouds rent it: the best known of a cluster's own cost."""

from llmplat.catalog.entries import Gpu


def usd_per_gpu_hour(gpu: Gpu, region: str | None) -> tuple[float, str] | None:
    """USD an hour of one `gpu`, and where that is from; None where no cloud's price is known.

    The cheapest on-demand machine with that GPU in `region`, its price divided by its GPUs; in any
    region where `region` is None or has none.
    """
    from llmplat.catalog.offers import load_offers  # noqa: PLC0415 (only clusters pay for it)

    offers = load_offers()
    counts = {
        m.name: m.gpu_count for m in offers.machine_types if m.gpu in {gpu.name, *gpu.aliases}
    }
    priced = [
        (price.usd_per_hour / counts[price.machine_type], price)
        for price in offers.prices
        if price.machine_type in counts and price.usd_per_hour is not None
    ]
    there = [one for one in priced if one[1].region == region] or priced
    if not there:
        return None
    usd, price = min(there, key=lambda one: (one[0], one[1].machine_type, one[1].region))
    return usd, f"one GPU of {price.machine_type} in {price.region}, as of {price.as_of}"
