"""Turns one model's sizing into the launch of its engine."""

from collections.abc import Mapping

from llmplat.plan.capacity import Sizing
from llmplat.plan.hardware import CPU_RUNTIME, Hardware
from llmplat.plan.launch import HOST, MODEL_DIR, PORT, EngineLaunch, Limits, Probe, SecretEnv
from llmplat.spec.model import Model
from llmplat.spec.scalars import OptionValue

ENGINE_KEY = "engine-key"
"""Name of the secret that engines ask for and only the gateway knows."""

NEEDED_BYTES = "llmplat.dev/gpu-needed-bytes"
"""Annotation: bytes per GPU for everything and one full request."""
OFFERED_BYTES = "llmplat.dev/gpu-offered-bytes"
"""Annotation: bytes per GPU that the engine may take."""
VERDICT = "llmplat.dev/gpu-fit"
"""Annotation: fits, tight or does-not-fit."""

KV_TRANSFER = '{"kv_connector":"NixlConnector","kv_role":"kv_both"}'
"""How engines hand KV caches over; https://github.com/llm-d/llm-d-router/blob/v0.10.0/docs/disaggregation.md"""

PROBE = Probe(path="/health", period_s=5, timeout_s=5, startup_budget_s=900)
STOP_GRACE_S = 30

_ENV = (
    ("DO_NOT_TRACK", "1"),
    ("HF_HUB_OFFLINE", "1"),
    ("PYTHONUNBUFFERED", "1"),
    ("TRANSFORMERS_OFFLINE", "1"),
    # Prompts are logged at DEBUG only; ids of requests at INFO.
    ("VLLM_LOGGING_LEVEL", "INFO"),
    ("VLLM_NO_USAGE_STATS", "1"),
)
_CPU_DEFAULTS: Mapping[str, OptionValue] = {"dtype": "bfloat16", "enforce-eager": True}
"""What a processor wants: compiling takes minutes there and gains little."""


def engine_name(model: Model) -> str:
    """Name of the model's engine in the plan."""
    return f"engine-{model.name}"


def make_engine(model: Model, sizing: Sizing, hardware: Hardware, port: int) -> EngineLaunch:
    """The launch of `model`'s engine; its replicas take `port` and the ports behind it."""
    return EngineLaunch(
        name=engine_name(model),
        runtime=hardware.runtime,
        argv=("-m", "vllm.entrypoints.openai.api_server", *_options(model, sizing, hardware)),
        env=_ENV,
        secret_env=(SecretEnv("VLLM_API_KEY", ENGINE_KEY),),
        port=port,
        probe=PROBE,
        limits=Limits(memory_bytes=_main_memory_bytes(sizing, hardware)),
        stop_grace_s=STOP_GRACE_S,
        model=model.name,
        served_name=model.name,
        replicas=model.replicas.max,
        max_num_seqs=sizing.running,
        kv_tokens=sizing.kv_tokens,
        gpus=sizing.on_gpu.count if sizing.on_gpu else 0,
        annotations=_annotations(sizing),
    )


def free_options(model: Model, hardware: Hardware) -> dict[str, OptionValue]:
    """The options that the file may set, with the defaults of such hardware under them."""
    asked = {name.replace("_", "-"): value for name, value in model.engine.options.items()}
    return _defaults(hardware) | asked


def _options(model: Model, sizing: Sizing, hardware: Hardware) -> tuple[str, ...]:
    free = dict(sorted((_batched(model, sizing) | free_options(model, hardware)).items()))
    everything = owned_options(model, sizing) | free
    return tuple(word for name, value in everything.items() for word in _spell(name, value))


def owned_options(model: Model, sizing: Sizing) -> dict[str, OptionValue]:
    """Options that carry the plan itself; the file may not set them, which reading it checks."""
    options: dict[str, OptionValue] = {
        "model": MODEL_DIR,
        "served-model-name": model.name,
        "host": HOST,
        "port": PORT,
        "max-model-len": sizing.context,
        "max-num-seqs": sizing.running,
        **_memory_options(model, sizing),
        "scheduling-policy": "priority",
        "enable-request-id-headers": True,
        "enable-log-requests": True,
        "max-log-len": 0,
        "disable-access-log-for-endpoints": "/health,/metrics",
        "disable-fastapi-docs": True,
    }
    if model.kind == "embedding":
        options["runner"] = "pooling"
    if model.prefill is not None:
        options["kv-transfer-config"] = KV_TRANSFER
    return options


def _batched(model: Model, sizing: Sizing) -> dict[str, OptionValue]:
    """Said, because windows were planned for it; encoders take a whole prompt at once."""
    if model.kind == "embedding":
        return {}
    return {"max-num-batched-tokens": sizing.batched_tokens}


def _memory_options(model: Model, sizing: Sizing) -> dict[str, OptionValue]:
    """On a GPU the engine measures and takes its share; a stated KV cache is taken as stated."""
    if sizing.on_gpu is None or model.engine.kv_cache_memory_bytes is not None:
        return {"kv-cache-memory-bytes": sizing.kv_cache_bytes}
    share = sizing.on_gpu.result.settings.gpu_memory_utilization
    return {"gpu-memory-utilization": share} if share is not None else {}


def _annotations(sizing: Sizing) -> tuple[tuple[str, str], ...]:
    if sizing.on_gpu is None:
        return ()
    return (
        (NEEDED_BYTES, str(sizing.on_gpu.needed_bytes)),
        (OFFERED_BYTES, str(sizing.on_gpu.offered_bytes)),
        (VERDICT, sizing.on_gpu.result.verdict.value),
    )


def _defaults(hardware: Hardware) -> dict[str, OptionValue]:
    return dict(_CPU_DEFAULTS) if hardware.runtime == CPU_RUNTIME else {}


def _spell(name: str, value: OptionValue) -> tuple[str, ...]:
    if isinstance(value, bool):
        return (f"--{name}",) if value else (f"--no-{name}",)
    if isinstance(value, tuple):
        return (f"--{name}", *(str(item) for item in value))
    return (f"--{name}", str(value))


def _main_memory_bytes(sizing: Sizing, hardware: Hardware) -> int:
    on_gpu = hardware.gpu is not None
    return sizing.memory.total_bytes - (sizing.memory.kv_cache_bytes if on_gpu else 0)
