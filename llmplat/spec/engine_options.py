"""Which options an engine version knows, and which of them llmplat sets or refuses itself."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path as FilePath

import yaml

VERSION = "0.32.0"
"""The engine version whose option names are checked; the runtimes of the catalogue pin it too."""

_FOLDER = FilePath(__file__).with_name("data") / "engine-options"
_PLAN = "llmplat works it out"
_ADDRESS = "llmplat decides where the engine listens and who may ask it"
_LOGS = "llmplat decides what engines log: never what people wrote"
_PLACE = "llmplat decides on how many devices and processes the model runs"
_FOREIGN = "it loads code from elsewhere into the engine"

_SET_BY: dict[str, tuple[str, ...]] = {
    "models[].source says it": (
        "model", "revision", "code-revision", "tokenizer-revision", "hf-token", "download-dir",
    ),
    "models[].name says it": ("served-model-name",),
    "models[].context says it": ("max-model-len",),
    "models[].concurrency says it": ("max-num-seqs", "max-num-active-seqs"),
    "models[].kind says it": ("runner", "convert"),
    "models[].quantization says it": ("quantization",),
    "models[].engine.kvCacheMemory says it": (
        "kv-cache-memory-bytes", "gpu-memory-utilization", "num-gpu-blocks-override",
    ),
    "models[].loraAdapters says it": ("enable-lora", "lora-modules", "default-mm-loras"),
    "gateway.waitingPerReplica says it": ("max-num-queued-reqs", "max-num-queued-tokens"),
    "priorityClasses says it": ("scheduling-policy", "scheduler-cls"),
    "timeouts says it": ("shutdown-timeout",),
    _ADDRESS: (
        "host", "port", "grpc", "grpc-port", "uds", "api-key", "headless", "root-path",
        "middleware", "allow-credentials", "allowed-origins", "allowed-methods", "allowed-headers",
        "ssl-keyfile", "ssl-certfile", "ssl-ca-certs", "ssl-cert-reqs", "ssl-ciphers",
        "enable-ssl-refresh", "enable-offline-docs", "disable-fastapi-docs", "tokens-only",
        "enable-tokenizer-info-endpoint", "enable-sleep-mode", "enable-scale-out", "tool-server",
        "enable-elastic-ep", "weight-transfer-config", "kv-transfer-config", "ec-transfer-config",
    ),
    _LOGS: (
        "enable-log-outputs", "enable-log-deltas", "enable-log-requests", "max-log-len",
        "enable-request-id-headers", "disable-access-log-for-endpoints", "disable-log-stats",
        "logging-config", "log-config-file", "log-level", "uvicorn-log-level", "log-error-stack",
        "disable-uvicorn-access-log", "otlp-traces-endpoint", "profiler-config",
    ),
    _PLACE: (
        "api-server-count", "data-parallel-supervisor-port", "data-parallel-size",
        "data-parallel-rank", "data-parallel-start-rank", "data-parallel-size-local",
        "data-parallel-address", "data-parallel-rpc-port", "data-parallel-backend",
        "data-parallel-hybrid-lb", "data-parallel-external-lb",
        "data-parallel-multi-port-external-lb", "master-addr", "master-port", "nnodes",
        "node-rank", "distributed-executor-backend",
    ),
    _FOREIGN: (
        "trust-remote-code", "trust-request-chat-template", "trust-request-mm-kwargs",
        "worker-cls", "worker-extension-cls", "logits-processors", "io-processor-plugin",
        "tool-parser-plugin", "reasoning-parser-plugin", "allowed-local-media-path",
        "allowed-media-domains", "model-class-overrides", "enable-prompt-embeds",
    ),
    _PLAN: ("config", "skip-tokenizer-init", "enable-trace-replay"),
}  # fmt: skip
RESERVED: dict[str, str] = {name: why for why, names in _SET_BY.items() for name in names}
"""Option -> why the file may not set it."""

REFUSED_VALUES: dict[tuple[str, str], str] = {
    ("load-format", "dummy"): "it serves random weights in place of the model",
}
"""Values of otherwise free options that the file may not set, and why."""


@dataclass(frozen=True)
class EngineOptions:
    """The option names of one engine version, by what they take."""

    version: str
    kinds: dict[str, str]
    """Option -> flags, switches, lists, integers, numbers or texts."""
    choices: dict[str, tuple[str, ...]]


@lru_cache(maxsize=4)
def load_options(version: str = VERSION) -> EngineOptions:
    """What the engine of that version knows."""
    text = (_FOLDER / f"vllm-{version}.yaml").read_text("utf-8")
    data = yaml.load(text, Loader=yaml.CSafeLoader)
    groups = ("flags", "switches", "lists", "integers", "numbers", "texts")
    kinds = {name: group for group in groups for name in data[group]}
    choices = {name: tuple(values) for name, values in data["choices"].items()}
    return EngineOptions(version, kinds, choices)
