"""What a user asks of gpu-fit -> an answer for one GPU, or for every machine of the catalogue."""

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from llmplat.catalog.entries import Catalog
from llmplat.catalog.load import GpuShelf
from llmplat.domain.errors import UsageError, Where
from llmplat.domain.units import GIB
from llmplat.fit.calibration import Calibration
from llmplat.fit.estimate import estimate
from llmplat.fit.inputs import AUTO, EngineSettings, Gpu, Measured
from llmplat.fit.result import FitResult, Verdict
from llmplat.plan.fit_model import FoundModel
from llmplat.plan.fit_values import families, find_gpu, gpu_value

if TYPE_CHECKING:
    from llmplat.fit.search import SearchReport

CUSTOM_GPU = "custom"
_VERSION = re.compile(r"v?(\d+\.\d+(\.\d+)?)\S*")
_LENGTH = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)([kKmM]?)")
_FACTORS = {"": 1, "k": 1000, "K": 1024, "m": 1000**2, "M": 1024**2}
DTYPES = ("auto", "bfloat16", "float16", "half", "float32", "float")
KV_DTYPES = (
    "auto", "bfloat16", "float16", "fp8", "fp8_e4m3", "fp8_e5m2", "fp8_inc", "fp8_ds_mla",
)  # fmt: skip


@dataclass(frozen=True)
class GpuWish:
    """The GPU that was asked for; all None: whichever machine of the catalogue is best."""

    name: str | None = None
    memory_gib: float | None = None
    free_gib: float | None = None
    per_node: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether no GPU was named."""
        return self.name is None and self.memory_gib is None


@dataclass(frozen=True)
class GpuFit:
    """Whether one model fits one GPU."""

    model: FoundModel
    gpu: Gpu
    result: FitResult
    warnings: tuple[str, ...] = ()
    """Beside the result's own."""
    where: Where | None = None
    """The place in a file that asked, where one did."""


@dataclass(frozen=True)
class FleetFit:
    """Several models, each on its GPU."""

    fits: tuple[GpuFit, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        order = (Verdict.DOES_NOT_FIT, Verdict.TIGHT, Verdict.FITS)
        return min((fit.result.verdict for fit in self.fits), key=order.index)


@dataclass(frozen=True)
class MachineSearch:
    """The machines of the catalogue that hold one model."""

    model: FoundModel
    settings: EngineSettings
    report: "SearchReport"
    by: str
    region: str | None = None
    notes: tuple[str, ...] = field(default=())


def fit_model(
    model: FoundModel,
    wish: GpuWish,
    settings: EngineSettings,
    catalog: Catalog | GpuShelf,
    measured: Measured | None = None,
    calibration: Calibration | None = None,
) -> GpuFit:
    """Whether `model` fits the GPU of `wish`; InputError for an unknown GPU or an absurd config."""
    gpu = gpu_of(wish, catalog)
    larger = tuple(
        one
        for one in sorted(map(gpu_value, catalog.gpus.values()), key=lambda g: g.total_bytes)
        if one.total_bytes > gpu.total_bytes
    )
    result = estimate(
        model.config,
        settings,
        gpu,
        families=families(),
        checkpoint=model.checkpoint,
        measured=measured or Measured(),
        calibration=calibration,
        larger_gpus=larger,
    )
    return GpuFit(model, gpu, result, _node_warnings(wish, settings))


def gpu_of(wish: GpuWish, catalog: Catalog | GpuShelf) -> Gpu:
    """The GPU of `wish`: by name, by its memory, or by a name with other memory."""
    if wish.memory_gib is not None:
        total_bytes = round(wish.memory_gib * GIB)
        named = _known(wish.name, catalog)
        gpu = (
            replace(named, total_bytes=total_bytes)
            if named is not None
            else Gpu(wish.name or CUSTOM_GPU, total_bytes)
        )
    else:
        gpu = gpu_value(find_gpu(catalog, wish.name or ""))
    if wish.free_gib is not None:
        gpu = replace(gpu, free_bytes=round(wish.free_gib * GIB))
    return gpu


def _known(name: str | None, catalog: Catalog | GpuShelf) -> Gpu | None:
    from llmplat.domain.errors import InputError  # noqa: PLC0415 (beside its only use)

    try:
        return gpu_value(find_gpu(catalog, name)) if name else None
    except InputError:
        return None


def _node_warnings(wish: GpuWish, settings: EngineSettings) -> tuple[str, ...]:
    gpus = settings.tensor_parallel * settings.pipeline_parallel
    if wish.per_node is None or gpus <= wish.per_node:
        return ()
    nodes = -(-gpus // wish.per_node)
    told = (
        f"{gpus} GPUs are needed and a node has {wish.per_node}: {nodes} nodes, which a "
        "LeaderWorkerSet would run; llmplat renders none yet"
    )
    return (told,)


def parse_length(text: str | None) -> int | None:
    """`--max-model-len` as the engine reads it: tokens, 32k, 32K, or auto; UsageError else."""
    if text is None:
        return None
    if text in {"auto", "-1"}:
        return AUTO
    match = _LENGTH.fullmatch(text)
    length = float(match.group(1)) * _FACTORS[match.group(2)] if match else 0.0
    if match is None or length < 1 or length != int(length):
        raise UsageError(
            f"--max-model-len {text} is no number of tokens.",
            why="a positive whole number such as 32768, 32k (32000), 32K (32768), or auto is needed",
            fix=("--max-model-len 32768", "--max-model-len auto"),
        )
    return int(length)


def parse_version(text: str) -> str:
    """A version of vLLM as numbers with points; UsageError else."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise UsageError(
            f"--vllm-version {text} is no version of vLLM.",
            why="it looks like 0.19.1",
            fix=("leave it out for the newest that is known",),
        )
    return match.group(1)


def check_choice(flag: str, value: str | None, known: tuple[str, ...]) -> str | None:
    """`value`, or UsageError when the engine knows no such `flag`."""
    if value is None or value in known:
        return value
    raise UsageError(
        f"{flag} {value} is not known.",
        why=f"known are {', '.join(known)}",
        fix=(f"{flag} {known[0]}",),
    )
