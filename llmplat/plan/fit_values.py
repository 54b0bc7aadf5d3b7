"""Turns catalogue entries into the values that `llmplat.fit` reads."""

import difflib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from llmplat.catalog import entries
from llmplat.catalog.entries import Catalog
from llmplat.catalog.families import load_families
from llmplat.catalog.load import GpuShelf
from llmplat.domain.errors import InputError
from llmplat.fit.family import Family
from llmplat.fit.inputs import Gpu

if TYPE_CHECKING:
    from llmplat.fit.search import MachineOffer


@cache
def families() -> Mapping[str, Family]:
    """Every known family by each of its model types."""
    return {
        model_type: Family(
            name=entry.name,
            model_types=entry.model_types,
            is_gated=entry.is_gated,
            has_attention_bias=entry.has_attention_bias,
            is_tied=entry.is_tied,
            window_pattern=entry.window_pattern,
            has_learned_positions=entry.has_learned_positions,
            max_capture=entry.max_capture,
            state_dtype=entry.state_dtype,
            is_query_gated=entry.is_query_gated,
            image_tokens=entry.image_tokens,
            has_shared_expert=entry.has_shared_expert,
            facts=entry.facts,
        )
        for entry in load_families().values()
        for model_type in entry.model_types
    }


def find_gpu(catalog: Catalog | GpuShelf, text: str) -> entries.Gpu:
    """The GPU that `text` names: its name, an alias, or the start of one; letters and digits count.

    Of several GPUs that start so the one with the most memory is meant by a bare name ("a100").
    Raises InputError with the nearest names when none does.
    """
    wanted = _plain(text)
    for gpu in catalog.gpus.values():
        if wanted in _names(gpu):
            return gpu
    starts = [
        g for g in catalog.gpus.values() if wanted and any(n.startswith(wanted) for n in _names(g))
    ]
    if starts:
        return max(starts, key=lambda gpu: gpu.memory_bytes)
    names = {name: gpu.name for gpu in catalog.gpus.values() for name in _names(gpu)}
    near = dict.fromkeys(
        names[n] for n in difflib.get_close_matches(wanted, names, n=5, cutoff=0.4)
    )
    raise InputError(
        f"There is no GPU {text!r} in the catalogue.",
        why=f"nearest: {', '.join(near)}" if near else f"it has: {', '.join(catalog.gpus)}",
        fix=("llmplat list gpus", "give its memory instead: --gpu-memory-gib 24"),
    )


def gpu_value(entry: entries.Gpu) -> Gpu:
    """The GPU as the fit reads it."""
    capability = None
    if entry.compute_capability:
        major, _, minor = entry.compute_capability.partition(".")
        capability = (int(major), int(minor or 0))
    return Gpu(
        entry.name,
        entry.memory_bytes,
        entry.platform,
        capability,
        entry.link,
        is_unified=entry.is_unified,
    )


def machine_offers(
    data: Path, catalog: Catalog | GpuShelf, region: str | None = None
) -> "tuple[MachineOffer, ...]":
    """Every machine type at its cheapest region, or at `region` only; unknown prices stay unknown.

    A machine type whose GPU the catalogue does not know is left out. Raises InputError for a
    region that no price names.
    """
    from llmplat.catalog.offers import load_offers  # noqa: PLC0415 (only a search reads it)
    from llmplat.fit.search import MachineOffer  # noqa: PLC0415 (as above)

    offers = load_offers(data)
    by_machine: dict[str, list[tuple[str, float | None, float | None, str, str]]] = {}
    for p in offers.prices:
        if region is None or p.region == region:
            row = (p.region, p.usd_per_hour, p.spot_usd_per_hour, p.as_of, p.source)
            by_machine.setdefault(p.machine_type, []).append(row)
    if region is not None and not by_machine:
        known = sorted({p.region for p in offers.prices})
        raise InputError(
            f"No price is known in the region {region!r}.",
            why=f"there are prices in: {', '.join(known)}",
            fix=(f"--region {difflib.get_close_matches(region, known, n=1, cutoff=0)[0]}",),
        )
    gpus = {name: gpu for gpu in catalog.gpus.values() for name in _names(gpu)}
    found = []
    for machine in offers.machine_types:
        gpu = gpus.get(_plain(machine.gpu))
        rows = by_machine.get(machine.name, [])
        if gpu is None or (
            region is not None and not rows and _is_elsewhere(offers, machine.gpu, region)
        ):
            continue
        best = min(
            rows, key=lambda row: row[1] if row[1] is not None else float("inf"), default=None
        )
        where, usd, spot, as_of, source = best or (
            region or "unknown",
            None,
            None,
            machine.as_of,
            machine.source,
        )
        found.append(
            MachineOffer(
                machine.name, gpu_value(gpu), machine.gpu_count, machine.memory_bytes, machine.vcpus, where,
                usd, spot, as_of, source, machine.is_on_demand,
            )
        )  # fmt: skip
    return tuple(found)


def _is_elsewhere(offers: object, gpu: str, region: str) -> bool:
    regions = getattr(offers, "regions", ())
    return not any(row.gpu == gpu and row.region == region for row in regions)


def _names(gpu: entries.Gpu) -> tuple[str, ...]:
    return (_plain(gpu.name), *(_plain(alias) for alias in gpu.aliases))


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
