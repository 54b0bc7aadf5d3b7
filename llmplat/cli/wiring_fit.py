"""What gpu-fit needs of the world: models as they were published and start-up logs."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from llmplat.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmplat.catalog.load import GpuShelf
    from llmplat.fit.search import MachineOffer
    from llmplat.fit.start_log import StartLog
    from llmplat.plan.fit_model import FoundModel

_MAX_LOG_BYTES = 256 * 1024 * 1024


def find_model(model: str) -> "FoundModel":
    """The model that `model` names, weights not fetched; see `find_model` of the adapter."""
    from llmplat.adapters.model_config_source import find_model as find

    return find(model)


@cache
def gpus() -> "GpuShelf":
    """The GPUs of the catalogue; CatalogError when one is broken."""
    from llmplat.catalog.load import load_gpus

    return load_gpus()


def offers(region: str | None) -> "Sequence[MachineOffer]":
    """The machine types of the catalogue with their prices, in `region` or everywhere."""
    from llmplat.catalog.load import DATA
    from llmplat.plan.fit_values import machine_offers

    return machine_offers(DATA, gpus(), region=region)


def read_log(path: Path) -> "StartLog":
    """The start-up log at `path`; InputError when it is none."""
    from llmplat.fit.start_log import parse_start_log

    try:
        if path.stat().st_size > _MAX_LOG_BYTES:
            raise InputError(
                f"The log {path} is too large.",
                why=f"a start-up log has less than {_MAX_LOG_BYTES} bytes",
                fix=("cut it behind the start-up: head -n 2000",),
            )
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as exc:
        raise InputError(
            f"The log {path} cannot be read.",
            why=exc.strerror or "the system gave no reason",
            fix=("--calibrate takes the file vLLM's start-up output was written to",),
        ) from exc
    return parse_start_log(text, str(path))
