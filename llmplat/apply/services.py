"""A plan and the places of a substrate -> the services it is to run, fully spelled."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

from llmplat.domain.substrate import ConfigFile, Places, Role, Service, SubstrateInputs
from llmplat.plan.launch import Backend, EngineLaunch, GatewayLaunch, Launch
from llmplat.plan.plan import Plan
from llmplat.render.gateway_files import LITELLM, make_gateway_files
from llmplat.render.processes import spell_process

LOOPBACK = "127.0.0.1"
"""Nothing listens on any other address."""
KEYS = "keys.json"


def make_inputs(
    plan: Plan,
    places: Places,
    pythons: Mapping[str, Path],
    folders: Mapping[str, Path],
    keys_json: str,
) -> SubstrateInputs:
    """Everything the substrate is to run for `plan`; engines first, they start slowest."""
    devices = count()
    engines = [
        service
        for engine in plan.engines
        for service in _engines(engine, places, pythons, folders[engine.model], devices)
    ]
    gateways = [_gateway(plan.gateway, places, pythons)] if plan.gateway is not None else []
    caches = [python.parent.parent for python in pythons.values()] + list(folders.values())
    return SubstrateInputs(
        platform=plan.platform,
        services=(*engines, *gateways),
        files=_files(plan, keys_json),
        caches=tuple(dict.fromkeys(str(cache) for cache in caches)),
    )


def make_config_files(plan: Plan) -> tuple[ConfigFile, ...]:
    """The gateway's files that follow from `plan` alone; empty without a gateway."""
    if plan.gateway is None:
        return ()
    ports = {engine.name: engine.port for engine in plan.engines}

    def engine_url(backend: Backend) -> str:
        return f"http://{LOOPBACK}:{ports[backend.engine or ''] + backend.replica}/v1"

    # Policy and keys are read again when they change; LiteLLM reads its file once.
    return tuple(
        ConfigFile(file.path, file.content, Role.GATEWAY if file.path == LITELLM else None)
        for file in make_gateway_files(plan.gateway, engine_url)
    )


def launches_of(plan: Plan) -> tuple[Launch, ...]:
    """All launches of `plan`, engines first."""
    return (*plan.engines, *((plan.gateway,) if plan.gateway is not None else ()))


def replica_names(engine: EngineLaunch) -> tuple[str, ...]:
    """Names of the replicas' processes: the engine's own while there is only one."""
    if engine.replicas == 1:
        return (engine.name,)
    return tuple(f"{engine.name}-{replica}" for replica in range(engine.replicas))


def _engines(
    engine: EngineLaunch,
    places: Places,
    pythons: Mapping[str, Path],
    folder: Path,
    devices: Iterator[int],
) -> list[Service]:
    services = []
    for replica, name in enumerate(replica_names(engine)):
        service = _service(engine, engine.port + replica, places, pythons, str(folder))
        env = (*service.env, *_devices(engine, devices))
        services.append(replace(service, name=name, model=engine.model, env=env))
    return services


def _devices(engine: EngineLaunch, devices: Iterator[int]) -> tuple[tuple[str, str], ...]:
    """A replica on GPUs sees the next ones of the driver's order, and no other."""
    taken = ",".join(str(next(devices)) for _ in range(engine.gpus))
    return (("CUDA_VISIBLE_DEVICES", taken),) if taken else ()


def _gateway(gateway: GatewayLaunch, places: Places, pythons: Mapping[str, Path]) -> Service:
    service = _service(gateway, gateway.port, places, pythons, "")
    extra = (
        ("LLMPLAT_LEDGER_URL", places.ledger_url),
        ("LLMPLAT_REDIS_URL", places.counters_url),
        ("PYTHONPATH", places.gateway_code),
    )
    return replace(service, role=Role.GATEWAY, env=(*service.env, *extra))


def _service(
    launch: Launch, port: int, places: Places, pythons: Mapping[str, Path], folder: str
) -> Service:
    process = spell_process(
        launch, host=LOOPBACK, port=port, model_dir=folder, config_dir=places.config_dir
    )
    return Service(
        name=launch.name,
        role=Role.ENGINE,
        runtime=launch.runtime,
        argv=(str(pythons[launch.runtime]), *process.argv),
        env=process.env,
        secret_env=tuple((one.env, one.secret) for one in process.secret_env),
        host=LOOPBACK,
        port=port,
        probe_path=launch.probe.path,
        probe_timeout_s=launch.probe.timeout_s,
        startup_budget_s=launch.probe.startup_budget_s,
        memory_bytes=launch.limits.memory_bytes,
        stop_grace_s=launch.stop_grace_s,
    )


def _files(plan: Plan, keys_json: str) -> tuple[ConfigFile, ...]:
    if plan.gateway is None:
        return ()
    return (*make_config_files(plan), ConfigFile(KEYS, keys_json))
