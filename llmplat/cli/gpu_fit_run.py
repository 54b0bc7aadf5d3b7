"""gpu-fit's flags -> settings, its question -> an answer on stdout and a verdict."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from llmplat.cli.run import Run
from llmplat.domain.errors import ExitCode, UsageError
from llmplat.domain.units import GIB
from llmplat.fit.inputs import NEWEST_VERSION, EngineSettings, Measured
from llmplat.fit.result import Verdict
from llmplat.plan.gpu_fit import (
    DTYPES,
    KV_DTYPES,
    FleetFit,
    GpuFit,
    GpuWish,
    check_choice,
    fit_model,
    parse_length,
    parse_version,
)

if TYPE_CHECKING:
    from llmplat.spec.fleet import FleetModel


@dataclass(frozen=True)
class Flags:
    """The engine's flags as they were typed; None where they were not."""

    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    max_model_len: str | None = None
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    dtype: str | None = None
    quantization: str | None = None
    kv_cache_dtype: str | None = None
    gpu_memory_utilization: float | None = None
    vllm_version: str | None = None
    enforce_eager: bool = False
    kv_cache_memory_bytes: int | None = None

    def settings(self) -> EngineSettings:
        """The same as the library takes them; UsageError for a value that cannot be."""
        share = self.gpu_memory_utilization
        if share is not None and not 0 < share <= 1:
            raise UsageError(
                f"--gpu-memory-utilization {share:g} is not a share.",
                why="it lies above 0 and at most at 1",
                fix=("--gpu-memory-utilization 0.9",),
            )
        version = self.vllm_version
        return EngineSettings(
            vllm_version=NEWEST_VERSION if version is None else parse_version(version),
            tensor_parallel=self.tensor_parallel or 1,
            pipeline_parallel=self.pipeline_parallel or 1,
            max_model_len=parse_length(self.max_model_len),
            max_num_seqs=self.max_num_seqs,
            max_num_batched_tokens=self.max_num_batched_tokens,
            dtype=check_choice("--dtype", self.dtype, DTYPES),
            quantization=self.quantization,
            kv_cache_dtype=check_choice("--kv-cache-dtype", self.kv_cache_dtype, KV_DTYPES),
            gpu_memory_utilization=share,
            enforce_eager=self.enforce_eager,
            kv_cache_memory_bytes=self.kv_cache_memory_bytes,
        )


@dataclass(frozen=True)
class How:
    """The flags that are no engine's."""

    weights_gib: float | None = None
    log: Path | None = None
    strict: bool = False
    explain: bool = False
    region: str | None = None
    spot: bool = False
    by: Literal["price", "tokens-per-dollar"] = "price"
    boot_disk_gib: float | None = None
    shared_memory_gib: float | None = None


def answer(run: Run, model: str | None, wish: GpuWish, flags: Flags, how: How) -> Verdict:
    """Answer on stdout for one model, a fleet file or a search; what it came to."""
    check_positive(wish, how)
    if model is None:
        return _fleet(run)
    if how.log is not None:
        return _one(run, _calibrated(model, wish, flags, how), how)
    if wish.is_open:
        return _search(run, model, flags, how)
    return _one(run, _fit(model, wish, flags, how), how)


def end(verdict: Verdict, *, is_strict: bool) -> None:
    """Leave with 4 for a model that does not fit, or is tight where that is not enough."""
    if verdict is Verdict.DOES_NOT_FIT:
        raise typer.Exit(ExitCode.UNSATISFIABLE)
    if verdict is Verdict.TIGHT and is_strict:
        raise typer.Exit(ExitCode.UNSATISFIABLE)


def check_positive(wish: GpuWish, how: How) -> None:
    """Refuse sizes that are none; raises UsageError."""
    sizes = {
        "--gpu-memory-gib": wish.memory_gib,
        "--free-gib": wish.free_gib,
        "--weights-gib": how.weights_gib,
        "--boot-disk-gib": how.boot_disk_gib,
        "--shared-memory-gib": how.shared_memory_gib,
    }
    for flag, gib in sizes.items():
        if gib is not None and not 0 < gib < 1e6:
            raise UsageError(
                f"{flag} {gib:g} is no size.", why="GiB above 0 are needed", fix=(f"{flag} 79.2",)
            )


def _fit(model: str, wish: GpuWish, flags: Flags, how: How) -> GpuFit:
    from llmplat.cli import wiring_fit

    found = wiring_fit.find_model(model)
    return fit_model(found, wish, flags.settings(), wiring_fit.gpus(), _measured(how))


def _measured(how: How) -> Measured:
    return Measured(weights_bytes=_in_bytes(how.weights_gib))


def _in_bytes(gib: float | None) -> int | None:
    return None if gib is None else round(gib * GIB)


def _one(run: Run, fit: GpuFit, how: How) -> Verdict:
    from llmplat.output.fit_view import FIT, FIT_EXPLAINED

    _warn(run, fit)
    run.emitter.result(fit, FIT_EXPLAINED if how.explain else FIT)
    return fit.result.verdict


def _warn(run: Run, fit: GpuFit) -> None:
    if fit.result.verdict is Verdict.TIGHT:
        run.emitter.warn(
            f"{fit.model.name} on {fit.gpu.name} is tight: it fits by the best estimate, "
            "not with certainty"
        )


def _calibrated(model: str, wish: GpuWish, flags: Flags, how: How) -> GpuFit:
    from llmplat.cli import wiring_fit
    from llmplat.plan.gpu_fit_log import fit_from_log

    assert how.log is not None  # noqa: S101 (the caller asked)
    found = wiring_fit.find_model(model)
    log = wiring_fit.read_log(how.log)
    return fit_from_log(found, log, wish, flags, wiring_fit.gpus(), _measured(how))


def _search(run: Run, model: str, flags: Flags, how: How) -> Verdict:
    from llmplat.cli import wiring_fit
    from llmplat.fit.search import HostLimits
    from llmplat.output.search_view import SEARCH
    from llmplat.plan.gpu_search import search_machines

    found = wiring_fit.find_model(model)
    report = search_machines(
        found,
        flags.settings(),
        wiring_fit.offers,
        region=how.region,
        is_spot=how.spot,
        by=how.by,
        host=HostLimits(
            boot_disk_bytes=_in_bytes(how.boot_disk_gib),
            shared_memory_bytes=_in_bytes(how.shared_memory_gib),
        ),
    )
    run.emitter.result(report, SEARCH)
    return Verdict.FITS if report.report.chosen else Verdict.DOES_NOT_FIT


def _fleet(run: Run) -> Verdict:
    if run.file is None:
        raise UsageError(
            "gpu-fit needs a model.",
            why="neither MODEL nor a fleet file (-f) was given",
            fix=("llmplat gpu-fit Qwen/Qwen3-8B --gpu h100-80gb", "llmplat gpu-fit -f fleet.yaml"),
        )
    from llmplat.output.fleet_view import FLEET
    from llmplat.spec.fleet import parse_fleet
    from llmplat.spec.read import parse_tree, read_text

    fleet = parse_fleet(read_text(run.file), str(run.file))
    tree = parse_tree(read_text(run.file), str(run.file), "Fleet")
    fits = tuple(
        replace(_of_fleet(model, run.file.parent), where=tree.where_value(("models", index)))
        for index, model in enumerate(fleet.models)
    )
    for fit in fits:
        _warn(run, fit)
    report = FleetFit(fits)
    run.emitter.result(report, FLEET)
    return report.verdict


def _of_fleet(model: "FleetModel", folder: Path) -> GpuFit:
    flags = Flags(
        tensor_parallel=model.tensor_parallel,
        pipeline_parallel=model.pipeline_parallel,
        max_model_len=None if model.max_model_len is None else str(model.max_model_len),
        max_num_seqs=model.max_num_seqs,
        max_num_batched_tokens=model.max_num_batched_tokens,
        dtype=model.dtype,
        quantization=model.quantization,
        kv_cache_dtype=model.kv_cache_dtype,
        gpu_memory_utilization=model.gpu_memory_utilization,
        vllm_version=model.vllm_version,
        enforce_eager=model.enforce_eager,
    )
    gib = None if model.gpu_memory_bytes is None else model.gpu_memory_bytes / GIB
    wish = GpuWish(model.gpu, gib, None, model.gpus_per_node)
    beside = folder / model.model
    named = str(beside) if beside.exists() else model.model
    fit = _fit(named, wish, flags, How())
    return replace(fit, model=replace(fit.model, name=model.model))
