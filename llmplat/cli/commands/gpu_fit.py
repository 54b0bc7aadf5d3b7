"""`llmplat gpu-fit`: whether a model fits a GPU, before one is paid for."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from llmplat.cli.run import current


class By(StrEnum):
    """How found machines are sorted."""

    PRICE = "price"
    TOKENS = "tokens-per-dollar"


def command(  # noqa: PLR0913, PLR0917 (one parameter is one flag)
    ctx: typer.Context,
    model: Annotated[
        str | None,
        typer.Argument(help="hub id, folder, config.json or a bundled name.", metavar="MODEL"),
    ] = None,
    gpu: Annotated[
        str | None, typer.Option(help="GPU, as h100-80gb or L4; none: search.", metavar="NAME")
    ] = None,
    gpus_per_node: Annotated[
        int | None, typer.Option(min=1, help="GPUs of one machine.", metavar="N")
    ] = None,
    tp: Annotated[int | None, typer.Option(min=1, help="Tensor parallel [1].", metavar="N")] = None,
    pp: Annotated[
        int | None, typer.Option(min=1, help="Pipeline parallel [1].", metavar="N")
    ] = None,
    max_model_len: Annotated[
        str | None, typer.Option(help="Context in tokens, or auto.", metavar="N")
    ] = None,
    max_num_seqs: Annotated[
        int | None, typer.Option(min=1, help="Requests at once.", metavar="N")
    ] = None,
    max_num_batched_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens of one forward pass.", metavar="N")
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="Type of weights and activations.", metavar="D")
    ] = None,
    quantization: Annotated[
        str | None, typer.Option(help="Quantize while loading.", metavar="Q")
    ] = None,
    kv_cache_dtype: Annotated[
        str | None, typer.Option(help="Type of the KV cache.", metavar="D")
    ] = None,
    gpu_memory_utilization: Annotated[
        float | None, typer.Option(help="Share of the GPU vLLM takes.", metavar="U")
    ] = None,
    gpu_memory_gib: Annotated[
        float | None, typer.Option(help="Usable memory of the GPU.", metavar="X")
    ] = None,
    free_gib: Annotated[
        float | None, typer.Option(help="Memory free at start-up.", metavar="X")
    ] = None,
    vllm_version: Annotated[
        str | None, typer.Option(help="Version of vLLM [newest known].", metavar="V")
    ] = None,
    enforce_eager: Annotated[
        bool, typer.Option("--enforce-eager", help="Without CUDA graphs.")
    ] = False,
    weights_gib: Annotated[
        float | None, typer.Option(help="Measured weights per GPU.", metavar="X")
    ] = None,
    kv_cache_memory_bytes: Annotated[
        int | None, typer.Option(min=1, help="KV cache, as vLLM's own flag.", metavar="N")
    ] = None,
    calibrate: Annotated[
        Path | None, typer.Option(help="A start-up log of vLLM to learn from.", metavar="LOG")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when tight.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Every formula filled in.")] = False,
    region: Annotated[
        str | None, typer.Option(help="Search this region only.", metavar="NAME")
    ] = None,
    spot: Annotated[bool, typer.Option("--spot", help="Search at spot prices.")] = False,
    boot_disk_gib: Annotated[
        float | None, typer.Option(help="Search: boot disk of a node.", metavar="X")
    ] = None,
    shared_memory_gib: Annotated[
        float | None, typer.Option(help="Search: /dev/shm of the pod.", metavar="X")
    ] = None,
    by: Annotated[By, typer.Option(help="Sort found machines.")] = By.PRICE,
) -> None:
    r"""Tell whether a model fits a GPU, and what to change.

    Works out weights, activations, CUDA graphs and the KV cache per GPU as vLLM does, reading
    only the model's config.json and the headers of its weights. Without --gpu it searches the
    machines of the catalogue. With -f it checks every model of a fleet file. Starts nothing.

    \b
    Examples:
      # a bundled configuration, no network needed
      llmplat gpu-fit Qwen/Qwen3-8B --gpu h100-80gb
      # a folder on this machine, with every formula
      llmplat gpu-fit ./model --gpu l4 --max-model-len 8192 --explain
      # the cheapest machine that holds it
      llmplat gpu-fit hf://Qwen/Qwen3-32B@main
      # a gate in CI
      llmplat gpu-fit -f fleet.yaml --strict
    \b
    Exit codes:
      0  fits, or tight (with a warning)
      4  does not fit, or tight with --strict
    """
    from llmplat.cli import gpu_fit_run as work
    from llmplat.plan.gpu_fit import GpuWish

    run = current(ctx)
    flags = work.Flags(
        tensor_parallel=tp,
        pipeline_parallel=pp,
        max_model_len=max_model_len,
        max_num_seqs=max_num_seqs,
        max_num_batched_tokens=max_num_batched_tokens,
        dtype=dtype,
        quantization=quantization,
        kv_cache_dtype=kv_cache_dtype,
        gpu_memory_utilization=gpu_memory_utilization,
        vllm_version=vllm_version,
        enforce_eager=enforce_eager,
        kv_cache_memory_bytes=kv_cache_memory_bytes,
    )
    wish = GpuWish(gpu, gpu_memory_gib, free_gib, gpus_per_node)
    how = work.How(
        weights_gib,
        calibrate,
        strict,
        explain,
        region,
        spot,
        by.value,
        boot_disk_gib=boot_disk_gib,
        shared_memory_gib=shared_memory_gib,
    )
    verdict = work.answer(run, model, wish, flags, how)
    work.end(verdict, is_strict=strict)
