"""What an engine needs beside weights and KV cache: activations, sampler, workspaces, NCCL, graphs.

Every term is a formula over shapes; the few coefficients are the engine's own (bytes that its
kernels keep per number) and are the same for every model. Sources stand beside them.
"""

from dataclasses import dataclass

from llmplat.domain.units import GIB, MIB
from llmplat.fit.architecture import Architecture, Kind
from llmplat.fit.inputs import Gpu
from llmplat.fit.rank import Rank
from llmplat.fit.version import KEPT_WORKSPACE, NON_TORCH_GREW, TRITON_SAMPLER

SORTING_SAMPLER_BYTES = 38.4
"""Per row and vocabulary entry, engines up to 0.16: logits, their sort and its indices (measured)."""
TRITON_SAMPLER_BYTES = 14.45
"""The same from 0.17: logits in the model's type and fp32, probabilities, noise (measured)."""
FIXED_PEAK_BYTES = round(0.06 * GIB)
"""Small buffers of the profiling run."""

CONTEXT_BYTES = round(0.51 * GIB)
"""CUDA context before the first look, one GPU."""
CONTEXT_PARALLEL_BYTES = round(1.5 * GIB)
"""The same with NCCL's own buffers."""
CONTEXT_EXPERTS_BYTES = round(0.5 * GIB)
"""More with experts or latent attention on several GPUs."""

LIBRARIES_GIB, LIBRARIES_BEFORE_GIB = 0.25, 0.13
"""Growth outside torch on one NVIDIA GPU from 0.18 on, and before: cuBLAS and kernels (measured)."""
ALL_REDUCE_GIB, ALL_REDUCE_PER_CHANNEL_GIB = 2.03, 4.9e-6
"""The same over NVLink from 0.18 on: a workspace, and more per rank and hidden channel (measured)."""
LATENT_GIB, LATENT_BEFORE_GIB = 1.2, 1.0
"""Latent attention on eight NVIDIA GPUs and more, from 0.18 on, and before (measured, few)."""
ROCM_GIB, ROCM_PER_RANK_GIB, ROCM_LATENT_GIB = 1.15, 0.45, 1.5
"""ROCm: up to four GPUs, more per rank beyond, and with latent attention (measured on MI300X, few)."""

SPLITS = 32
"""FlashAttention 3 keeps 32 partial results in fp32 for every row of the largest decode graph."""


@dataclass(frozen=True)
class Load:
    """What the profiling run is done with."""

    version: tuple[int, int]
    sequences: int
    batched_tokens: int
    activation_bytes: int
    """Of one number: 2, or 4 with float32."""
    is_eager: bool


def sampler_bytes(architecture: Architecture, load: Load) -> int:
    """Bytes of the sampler's profiling run: B x sequences x padded vocabulary.

    Not divided by tensor parallelism: logits are gathered first.
    """
    each = TRITON_SAMPLER_BYTES if load.version >= TRITON_SAMPLER else SORTING_SAMPLER_BYTES
    each += max(0, load.activation_bytes - 2)
    return round(each * load.sequences * architecture.padded_vocab)


def forward_bytes(architecture: Architecture, rank: Rank, load: Load) -> int:
    """Bytes of the widest step of a forward pass: T x d x (3 x width / tp + 3 x hidden)."""
    width = 3 * rank.dense_width / rank.tensor_parallel
    return round(load.activation_bytes * load.batched_tokens * (width + 3 * architecture.hidden))


def experts_bytes(architecture: Architecture, rank: Rank, load: Load) -> int:
    """Workspace of the experts: T x top_k x d x (max(2 x width / tp, hidden) + max(width / tp, hidden)).

    One buffer holds gate and up, later the output; the other the activation, later the sum
    (vLLM, fused_moe workspace_shapes).

    0 where experts run fused on packed weights (mxfp4), which need none.
    """
    ffn = rank.widest
    if not ffn.experts or architecture.quantization.get("quant_method") == "mxfp4":
        return 0
    shards = 1 if rank.has_expert_parallel else rank.tensor_parallel
    width = ffn.expert_width / shards
    hidden = ffn.expert_input or architecture.hidden
    rows = load.batched_tokens * ffn.top_k
    return round(load.activation_bytes * rows * (max(2 * width, hidden) + max(width, hidden)))


def encoder_bytes(architecture: Architecture, load: Load) -> int:
    """What the encoder leaves in place: its outputs, and the pixels that they were made from.

    d x E x (hidden x (1 + deepstack levels) + 3 x pixels per token), E = the larger of T and the
    tokens of the largest image (vLLM, encoder cache budget and dummy inputs of the profiling run).
    """
    encoder = architecture.encoder
    if encoder is None:
        return 0
    tokens = max(load.batched_tokens, encoder.image_tokens)
    outputs = architecture.hidden * (1 + encoder.deepstack)
    return load.activation_bytes * tokens * (outputs + 3 * encoder.pixels_per_token)


def encoder_pass_bytes(architecture: Architecture, load: Load) -> int:
    """The tower's own pass over one largest image: d x patches x (6 x hidden + width)."""
    encoder = architecture.encoder
    if encoder is None or not encoder.image_tokens:
        return 0
    patches = encoder.image_tokens * encoder.pixels_per_token // max(1, encoder.patch**2)
    return load.activation_bytes * patches * (6 * encoder.hidden + encoder.width)


def torch_peak_bytes(architecture: Architecture, rank: Rank, load: Load) -> tuple[int, str]:
    """Highest use of torch's allocator beside weights, and the formula filled in.

    The larger of sampling (with the hidden states still there) and of the forward pass; the
    experts' workspace is kept beside both from 0.17 on, and is part of the pass before.
    """
    hidden = load.activation_bytes * load.batched_tokens * architecture.hidden
    sampling = sampler_bytes(architecture, load) + hidden if rank.is_last else 0
    forward = forward_bytes(architecture, rank, load)
    experts = experts_bytes(architecture, rank, load)
    encoder = encoder_bytes(architecture, load) if rank.is_first else 0
    is_kept = load.version >= KEPT_WORKSPACE
    tower = encoder_pass_bytes(architecture, load) if rank.is_first else 0
    passes = max(sampling, tower, forward + (0 if is_kept else experts))
    peak = passes + (experts if is_kept else 0)
    formula = (
        f"max(sampler + T x hidden {_gib(sampling)}, forward {_gib(forward)}, tower {_gib(tower)}) + experts {_gib(experts)}"
        f" + encoder {_gib(encoder)} + {_gib(FIXED_PEAK_BYTES)}; S = {load.sequences}, T = {load.batched_tokens}, "
        f"vocabulary {architecture.padded_vocab}"
    )
    return peak + encoder + FIXED_PEAK_BYTES, formula


def non_torch_bytes(
    architecture: Architecture, rank: Rank, load: Load, gpu: Gpu
) -> tuple[int, str]:
    """Growth outside torch after the first look: cuBLAS, NCCL channels, all-reduce workspaces."""
    tp, is_new = rank.tensor_parallel, load.version >= NON_TORCH_GREW
    if gpu.platform == "rocm":
        gib = ROCM_GIB + ROCM_PER_RANK_GIB * max(0, tp - 4)
        gib += ROCM_LATENT_GIB if architecture.is_mla else 0
        return round(gib * GIB), f"ROCm runtime and RCCL, TP {tp}: {gib:.2f} GiB"
    if tp == 1 and rank.stages > 1:
        return round(0.07 * GIB), "pipeline stage without tensor parallelism: 0.07 GiB"
    if tp == 1:
        gib = LIBRARIES_GIB if is_new else LIBRARIES_BEFORE_GIB
        return round(gib * GIB), f"CUDA libraries: {gib} GiB"
    if gpu.link == "pcie":
        return round(0.2 * GIB), "NCCL over PCIe: 0.2 GiB"
    gib = 0.3 + 0.07 * tp
    if is_new:
        gib = ALL_REDUCE_GIB + ALL_REDUCE_PER_CHANNEL_GIB * tp * architecture.hidden
    if tp >= 8 and architecture.is_mla:
        gib += LATENT_GIB if is_new else LATENT_BEFORE_GIB
    return round(gib * GIB), f"NCCL and all-reduce workspace, TP {tp}: {gib:.2f} GiB"


def capture_sizes(architecture: Architecture, sequences: int) -> int:
    """How many batch sizes are captured: 1, 2, 4, every 8 below 256, every 16 up to the largest.

    The largest is twice the sequences, at most the family's limit (vLLM config/vllm.py).
    """
    largest = min(2 * sequences, architecture.max_capture)
    small = sum(1 for size in (1, 2, 4) if size <= largest)
    return small + len(range(8, min(256, largest + 1), 8)) + len(range(256, largest + 1, 16))


def graph_bytes(architecture: Architecture, rank: Rank, load: Load, gpu: Gpu) -> tuple[int, str]:
    """CUDA graphs: a base, split-KV scratch of FlashAttention 3 (Hopper), and each captured layer."""
    if load.is_eager or gpu.platform == "cpu":
        return 0, "no graphs: eager"
    count = capture_sizes(architecture, load.sequences)
    attention = [m for layer in rank.layers for m in layer.mixers if m.kind is not Kind.STATE]
    scratch = 0.0
    if gpu.compute_capability == (9, 0) and attention and not _uses_triton(architecture):
        widest = max(attention, key=lambda m: m.heads * m.v_dim)
        v_dim = widest.kv_rank if widest.kind is Kind.MLA else widest.v_dim
        scratch = (
            architecture.max_capture * (widest.heads / rank.tensor_parallel) * v_dim * 4 * SPLITS
        )
    factor = _graph_factor(rank)
    layers = 0.32 * MIB * len(rank.layers) * count * factor
    total = round(0.14 * GIB + scratch + layers)
    return (
        total,
        f"0.14 GiB + split-KV {_gib(scratch)} + {len(rank.layers)} layers x {count} graphs x {factor:g} x 0.32 MiB",
    )


def _graph_factor(rank: Rank) -> float:
    """Kernels of a captured layer beside a dense one's: experts add a third, shared ones a stream."""
    ffn = rank.widest
    if not ffn.experts:
        return 1.0
    return 2.2 if ffn.width else 1.35


def _uses_triton(architecture: Architecture) -> bool:
    """Attention that looks both ways inside an image runs on Triton, which has no such scratch."""
    return architecture.encoder is not None and architecture.is_tied


def before_snapshot_bytes(
    architecture: Architecture, tensor_parallel: int, pipeline_parallel: int
) -> int:
    """Taken before the engine first looks: CUDA context, and NCCL's buffers with several GPUs."""
    if tensor_parallel * pipeline_parallel == 1:
        return CONTEXT_BYTES
    has_more = tensor_parallel > 1 and (architecture.has_experts or architecture.is_mla)
    return CONTEXT_PARALLEL_BYTES + (CONTEXT_EXPERTS_BYTES if has_more else 0)


def _gib(size_bytes: float) -> str:
    return f"{size_bytes / GIB:.2f} GiB"
