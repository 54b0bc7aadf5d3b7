"""fleet.yaml as a value: several models, each with the GPU it is to fit."""

from typing import Annotated, Literal

from pydantic import Field

from llmplat.domain.errors import Finding
from llmplat.spec.read import fail, parse_tree, validate
from llmplat.spec.scalars import Size, Word
from llmplat.spec.shape import API_VERSION, Shape

_Count = Annotated[int, Field(ge=1, le=16_777_216)]


class FleetModel(Shape):
    """One model and how it is to be served; the keys are gpu-fit's flags."""

    model: Annotated[
        Word, Field(description="A hub id, a folder, a config.json or a bundled configuration.")
    ]
    gpu: Annotated[Word | None, Field(description="GPU by its catalogue name.")] = None
    gpu_memory_bytes: Annotated[
        Size | None, Field(alias="gpuMemory", description="Usable memory of one GPU, as 79GiB.")
    ] = None
    gpus_per_node: Annotated[_Count | None, Field(description="GPUs of one machine.")] = None
    tensor_parallel: Annotated[_Count, Field(description="GPUs that share each layer.")] = 1
    pipeline_parallel: Annotated[_Count, Field(description="Groups of layers in a row.")] = 1
    max_model_len: Annotated[
        Annotated[int, Field(ge=1)] | Literal["auto"] | None,
        Field(description="Longest context in tokens, or auto for what fits."),
    ] = None
    max_num_seqs: Annotated[_Count | None, Field(description="Requests at once.")] = None
    max_num_batched_tokens: Annotated[
        _Count | None, Field(description="Tokens of one forward pass.")
    ] = None
    dtype: Annotated[Word | None, Field(description="Type of weights and activations.")] = None
    quantization: Annotated[Word | None, Field(description="Quantize while loading.")] = None
    kv_cache_dtype: Annotated[Word | None, Field(description="Type of the KV cache.")] = None
    gpu_memory_utilization: Annotated[
        float | None, Field(gt=0, le=1, description="Share of the memory the engine takes.")
    ] = None
    vllm_version: Annotated[Word | None, Field(description="Version of vLLM, as '0.19.1'.")] = None
    enforce_eager: Annotated[bool, Field(description="Without CUDA graphs.")] = False


class Fleet(Shape):
    """The models that are to fit."""

    api_version: Annotated[
        Literal["llmplat.dev/v1alpha1"], Field(description="Version of this format.")
    ] = API_VERSION
    kind: Annotated[Literal["Fleet"], Field(description="What this file describes.")] = "Fleet"
    models: Annotated[
        tuple[FleetModel, ...], Field(min_length=1, description="Models, in any order.")
    ]


def parse_fleet(text: str, name: str) -> Fleet:
    """The fleet of `text`; `name` is shown with positions. Raises SpecError with every fault."""
    tree = parse_tree(text, name, "Fleet")
    fleet, findings = validate(Fleet, tree, tree.value)
    if fleet is None:
        fail(findings, name)
    unplaced = [
        Finding(
            code="spec-missing-key",
            what=f"models[{index}] names no GPU",
            why="a gate needs to know what the model is to fit",
            fix=("write gpu: h100-80gb, or gpuMemory: 79GiB",),
            where=tree.where_value(("models", index)),
        )
        for index, model in enumerate(fleet.models)
        if model.gpu is None and model.gpu_memory_bytes is None
    ]
    if unplaced:
        fail(unplaced, name)
    return fleet
