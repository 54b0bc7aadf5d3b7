"""Small made-up model configurations, one of each way to remember tokens."""

from typing import Any

from llmplat.domain.units import GIB
from llmplat.fit.inputs import Gpu
from llmplat.plan.fit_values import families

FAMILIES = families()
H100 = Gpu("h100-80gb", round(79.19 * GIB), "cuda", (9, 0))
L4 = Gpu("l4", round(22.03 * GIB), "cuda", (8, 9), "pcie")


def dense(**changes: Any) -> dict[str, Any]:
    """The shape of Llama 3.1 8B."""
    return {
        "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256,
        "max_position_embeddings": 131072, "torch_dtype": "bfloat16", "tie_word_embeddings": False,
    } | changes  # fmt: skip


def sliding(**changes: Any) -> dict[str, Any]:
    """Five layers of a window to one of full attention."""
    base = dense(model_type="gemma3_text", num_hidden_layers=12, sliding_window=1024)
    return base | {"sliding_window_pattern": 6} | changes


def latent(**changes: Any) -> dict[str, Any]:
    """Multi-head latent attention with experts, in the proportions of DeepSeek V2 Lite."""
    return dense(
        model_type="deepseek_v2", hidden_size=2048, num_hidden_layers=8, num_attention_heads=16,
        num_key_value_heads=16, kv_lora_rank=512, qk_rope_head_dim=64, qk_nope_head_dim=128,
        v_head_dim=128, n_routed_experts=64, num_experts_per_tok=6, moe_intermediate_size=1408,
        n_shared_experts=2, first_k_dense_replace=1, intermediate_size=10944, vocab_size=102400,
    ) | changes  # fmt: skip


def hybrid(**changes: Any) -> dict[str, Any]:
    """Three gated delta nets to one attention layer, the sizes of Qwen 3 Next."""
    return dense(
        model_type="qwen3_next", hidden_size=2048, num_hidden_layers=8, num_attention_heads=16,
        num_key_value_heads=2, head_dim=256, full_attention_interval=4, linear_num_key_heads=16,
        linear_num_value_heads=32, linear_key_head_dim=128, linear_value_head_dim=128,
        linear_conv_kernel_dim=4,
    ) | changes  # fmt: skip


def chunked(**changes: Any) -> dict[str, Any]:
    """Three layers of chunks to one of full attention."""
    return dense(model_type="llama4_text", num_hidden_layers=8, attention_chunk_size=8192) | changes


EACH_KIND = {
    "dense": dense,
    "sliding": sliding,
    "latent": latent,
    "hybrid": hybrid,
    "chunked": chunked,
}
