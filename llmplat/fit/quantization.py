"""A checkpoint's quantization_config -> bytes per number of each weight, by the module's name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from llmplat.domain.errors import InputError
from llmplat.fit.config_values import Values

_WHERE = "config.json (quantization_config)"
_FOUR_BITS = ("gptq", "awq", "awq_marlin", "gptq_marlin", "auto-round", "bitsandbytes")
_LISTS = ("ignore", "modules_to_not_convert", "exclude_modules", "ignored_layers")
_PREFIX = re.compile(r"^.*?layers\.")


@dataclass(frozen=True)
class Scheme:
    """How one weight is stored."""

    bytes_each: float
    """Per number, scales and zero points included."""
    name: str


def plain(dtype_bytes: float, name: str = "as stored") -> Scheme:
    """Not quantized."""
    return Scheme(dtype_bytes, name)


FP8 = Scheme(1.0, "fp8")
FP8_BLOCK = Scheme(1.0 + 4 / (128 * 128), "fp8 in blocks of 128 x 128")
MXFP4 = Scheme(0.5 + 1 / 32, "mxfp4")
NVFP4 = Scheme(0.5 + 1 / 16, "nvfp4")
_ALGORITHMS = {
    "FP8": FP8,
    "NVFP4": NVFP4,
    "MXFP8": Scheme(1 + 1 / 32, "mxfp8"),
    "W4A16_NVFP4": NVFP4,
}
_ALGORITHMS |= {"FP8_PB_WO": FP8_BLOCK, "MXFP4": MXFP4, "NVFP4_AWQ": NVFP4}


class Quantization:
    """Which scheme each linear layer has."""

    def __init__(
        self,
        facts: Mapping[str, Any],
        runtime: str | None,
        dtype_bytes: float,
        expert_dtype: str | None = None,
    ) -> None:
        self._plain = plain(dtype_bytes)
        self.is_run_time = not facts and bool(runtime)
        self.scheme = _scheme(facts) or (_runtime(runtime) if not facts else None)
        layers = Values(facts).part("quantized_layers")
        self._named = (
            {_canonical(n): _algorithm(v) for n, v in layers.facts.items()} if layers else {}
        )
        self._exact, self._patterns, self._prefixes = _ignored(facts)
        self._experts = MXFP4 if expert_dtype == "fp4" else _experts_scheme(facts)
        method = str(facts.get("quant_method") or "")
        self._experts_only = method == "mxfp4" or "moe_wna16" in method
        self._head = bool(facts.get("lm_head"))
        self._known: dict[str, Scheme] = {}

    @property
    def is_quantized(self) -> bool:
        """Any weight is stored in fewer bits."""
        return self.scheme is not None or bool(self._named)

    def of(self, module: str, *, is_expert: bool = False) -> Scheme:
        """The scheme of the linear layer `module`, such as "layers.3.self_attn.q_proj"."""
        if module not in self._known:
            self._known[module] = self._find(_canonical(module), is_expert=is_expert)
        return self._known[module]

    def _find(self, module: str, *, is_expert: bool) -> Scheme:
        named = self._of_named(module) if self._named else None
        if named is not None:
            return named
        if self.scheme is None:
            return self._plain
        if is_expert and self._experts is not None:
            return self._experts
        is_table = module in ("lm_head", "embed_tokens") and not self._head
        if is_table or (self._experts_only and not is_expert) or self._is_ignored(module):
            return self._plain
        return self.scheme

    def _of_named(self, module: str) -> Scheme | None:
        parts = module.split(".")
        for end in range(len(parts), 1, -1):
            found = self._named.get(".".join(parts[:end]))
            if found is not None:
                return found
        return None

    def _is_ignored(self, module: str) -> bool:
        parts = module.split(".")
        if any(".".join(parts[:end]) in self._exact for end in range(1, len(parts) + 1)):
            return True
        if any(module.startswith(prefix) for prefix in self._prefixes):
            return True
        return any(pattern.search(module) for pattern in self._patterns)


def merge_hf_quant(config: Mapping[str, Any], hf_quant: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with what a checkpoint's hf_quant_config.json says, when it says nothing itself."""
    if config.get("quantization_config"):
        return dict(config)
    said = hf_quant.get("quantization")
    if not isinstance(said, Mapping) or not said:
        return {**config, "quantization_config": {}}
    return {**config, "quantization_config": {**said, "quant_method": "modelopt"}}


def kv_cache_scheme(facts: Mapping[str, Any]) -> str | None:
    """The KV-cache type that the checkpoint asks for: fp8 or None."""
    for key in ("kv_cache_scheme", "kv_cache_quant_algo"):
        said = facts.get(key)
        if isinstance(said, Mapping) and said.get("num_bits") == 8:
            return "fp8"
        # vLLM takes a text for a scheme only under ModelOpt's own key.
        if key == "kv_cache_quant_algo" and str(said).upper() == "FP8":
            return "fp8"
    return None


def _scheme(facts: Mapping[str, Any]) -> Scheme | None:
    method = str(facts.get("quant_method") or "").lower()
    algorithm = str(facts.get("quant_algo") or "").upper()
    groups = facts.get("config_groups")
    found: Scheme | None = _ALGORITHMS.get(algorithm)
    if found is not None or (algorithm == "MIXED_PRECISION" and method != "fp8"):
        return found
    if method == "mxfp4":
        found = MXFP4
    elif method in ("fp8", "fbgemm_fp8", "modelopt"):
        found = FP8_BLOCK if facts.get("weight_block_size") else FP8
    elif method in _FOUR_BITS:
        said = Values(facts, _WHERE)
        bits = said.get("bits") or said.get("w_bit") or 4
        found = _integers(bits, facts.get("group_size"), has_zeros=method == "awq")
    elif isinstance(groups, Mapping) and groups:
        found = _group(Values(next(iter(groups.values())), _WHERE), str(facts.get("format") or ""))
    return found


def _group(group: Values, form: str) -> Scheme | None:
    """One entry of compressed-tensors' config_groups."""
    said = group.part("weights") or Values({})
    weights, bits = said.facts, said.get("num_bits") or 16
    form = str(group.facts.get("format") or form)
    if "mxfp4" in form:
        return MXFP4
    if bits == 4 and weights.get("type") == "float":
        return NVFP4
    if bits == 8:
        return (
            FP8_BLOCK
            if weights.get("strategy") == "block"
            else Scheme(1.0, f"{weights.get('type')} 8 bits")
        )
    return (
        _integers(bits, weights.get("group_size"), has_zeros=not weights.get("symmetric", True))
        if bits < 8
        else None
    )


def _integers(bits: int, group: Any, *, has_zeros: bool) -> Scheme:  # noqa: ANN401 (JSON)
    size = group if isinstance(group, int) and group > 0 else 128
    extra = 2 / size + (bits / 8 / size if has_zeros else 0)
    return Scheme(bits / 8 + extra, f"{bits} bits in groups of {size}")


def _runtime(name: str | None) -> Scheme | None:
    """A scheme that the engine applies while it loads (`--quantization`)."""
    if not name:
        return None
    if name.startswith(("fp8", "ptpc_fp8")):
        return FP8
    if name in ("bitsandbytes", "awq", "gptq", "awq_marlin", "gptq_marlin"):
        return _integers(4, 64 if name == "bitsandbytes" else 128, has_zeros=name.startswith("awq"))
    if "nvfp4" in name or name == "modelopt_fp4":
        return NVFP4
    return MXFP4 if name == "mxfp4" else None


def _algorithm(value: Any) -> Scheme | None:  # noqa: ANN401 (JSON)
    name = value.get("quant_algo") if isinstance(value, Mapping) else value
    return _ALGORITHMS.get(str(name).upper())


def _experts_scheme(facts: Mapping[str, Any]) -> Scheme | None:
    return _ALGORITHMS.get(str(facts.get("moe_quant_algo") or "").upper())


def _ignored(facts: Mapping[str, Any]) -> tuple[set[str], list[re.Pattern[str]], list[str]]:
    exact: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    prefixes: list[str] = []
    said = Values(facts, _WHERE)
    names = [name for key in _LISTS for name in said.texts(key)]
    dynamic = said.part("dynamic")
    names += [f"re:{name[2:]}" for name in (dynamic.facts if dynamic else ()) if name[:2] == "-:"]
    for name in dict.fromkeys(names):
        if name.startswith("re:"):
            patterns.append(_pattern(name[3:].replace("^", "")))
        elif "*" in name and not name.endswith("*"):
            patterns.append(re.compile(_glob(_canonical(name))))
        elif name.endswith("*") and "*" not in name[:-1]:
            prefixes.append(_canonical(name[:-1]))
        elif "*" in name:
            patterns.append(re.compile(_glob(_canonical(name))))
        else:
            exact.add(_canonical(name))
    return exact, patterns, prefixes


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as exc:
        raise InputError(
            f"The model's {_WHERE} names layers by a pattern that cannot be read.",
            why=f"{text!r}: {exc}",
            fix=("check the file against the model's page",),
        ) from exc


def _glob(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", ".*")


@lru_cache(maxsize=4096)
def _canonical(name: str) -> str:
    """`name` from its layer on, with one spelling of its parts: checkpoints differ in prefixes."""
    name = _PREFIX.sub("layers.", name)
    if not name.startswith("layers."):
        name = name.rsplit(".", 1)[-1] if name.endswith(("lm_head", "embed_tokens")) else name
    for old, new in _SPELLINGS:
        name = name.replace(old, new)
    return name


_SPELLINGS = ((".block_sparse_moe", ".mlp"), (".feed_forward", ".mlp"), (".ffn", ".mlp"), (".attn", ".self_attn"),
              (".w1", ".gate_proj"), (".w2", ".down_proj"), (".w3", ".up_proj"))  # fmt: skip


__all__ = ["Quantization", "Scheme", "kv_cache_scheme", "merge_hf_quant", "plain"]
