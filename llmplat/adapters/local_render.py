"""What `up` wants -> the files of the state folder that the local processes read."""

import hashlib
from pathlib import Path

import llmplat
from llmplat.adapters.atomic_file import write_whole
from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_process import (
    LocalProcess,
    digest,
    supervisor_config,
    write_launch,
)
from llmplat.adapters.local_redis import RedisServer, redis_config, redis_service
from llmplat.adapters.local_state import ServiceEntry, State, write_state
from llmplat.domain.substrate import Role, SubstrateInputs

_SETTLED_S = {Role.ENGINE: 60.0, Role.GATEWAY: 30.0, Role.COUNTERS: 3.0}


def write_files(inputs: SubstrateInputs, home: LocalHome) -> tuple[str, ...]:
    """Write the rendered files and the gateway's code; returns the names of those that changed."""
    changed = [
        file.path
        for file in inputs.files
        if write_whole(home.config_dir / file.path, file.content.encode())
    ]
    if write_whole(home.rendered / "redis.conf", redis_config(home).encode()):
        changed.append("redis.conf")
    return (*changed, *_copy_gateway_code(home))


def local_processes(
    inputs: SubstrateInputs, redis: RedisServer | None, home: LocalHome
) -> tuple[LocalProcess, ...]:
    """The services with the fingerprints of what each reads at its start."""
    services = list(inputs.services)
    if redis is not None:
        services.append(redis_service(redis, home))
    read_at_start = {
        role: tuple(_hash(file.content.encode()) for file in inputs.files if file.restarts is role)
        for role in Role
    }
    read_at_start[Role.COUNTERS] += (_hash(redis_config(home).encode()),)
    read_at_start[Role.GATEWAY] += tuple(_hash(path.read_bytes()) for path in _gateway_sources())
    return tuple(
        LocalProcess(service, read_at_start[service.role], _SETTLED_S.get(service.role, 5.0))
        for service in services
    )


def write_processes(
    processes: tuple[LocalProcess, ...],
    inputs: SubstrateInputs,
    redis: RedisServer | None,
    home: LocalHome,
) -> None:
    """Write the inventory, the launcher's files and, last, what supervisord reads."""
    entries = tuple(_entry(process, home) for process in processes)
    version = redis.version_text if redis is not None else None
    state = State(inputs.platform, entries, inputs.caches, version)
    write_state(home.state_file, state, llmplat.__version__)
    for process in processes:
        write_launch(process, home)
    write_whole(home.supervisor_config, supervisor_config(processes, home).encode())


def _entry(process: LocalProcess, home: LocalHome) -> ServiceEntry:
    service = process.service
    return ServiceEntry(
        name=service.name,
        role=service.role.value,
        host=service.host,
        port=service.port,
        probe_path=service.probe_path,
        probe_timeout_s=service.probe_timeout_s,
        startup_budget_s=service.startup_budget_s,
        stop_grace_s=service.stop_grace_s,
        memory_bytes=service.memory_bytes,
        digest=digest(process, home),
        model=service.model,
    )


def _copy_gateway_code(home: LocalHome) -> list[str]:
    """Copy the gateway package alone, byte for byte; a namespace package, so no llmplat around."""
    folder = home.gateway_code / "llmplat" / "gateway"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sources = {path.name: path for path in _gateway_sources()}
    for stale in folder.glob("*.py"):
        if stale.name not in sources:
            stale.unlink()
    return [
        f"gateway/{name}"
        for name, path in sources.items()
        if write_whole(folder / name, path.read_bytes())
    ]


def _gateway_sources() -> list[Path]:
    package = Path(llmplat.__file__).parent / "gateway"
    return sorted(package.glob("*.py"))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
