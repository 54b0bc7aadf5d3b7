"""What a platform needs of this machine -> everything that is missing, all at once."""

import errno
import platform
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

import psutil

from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_sweep import marker_of
from llmplat.adapters.nvidia import find_gpus
from llmplat.domain.errors import Finding
from llmplat.domain.substrate import Need, Needs
from llmplat.domain.units import MIB, format_size

_OLDEST_PYTHON = (3, 11)
_TOO_NEW_PYTHON = (3, 14)
_STATE_BYTES = 64 * MIB
"""Room for counters, logs and configuration."""
_CGROUP = Path("/sys/fs/cgroup")


def find_missing(
    needs: Needs, home: LocalHome, cache: Path, running: Mapping[str, int]
) -> tuple[Finding, ...]:
    """All that keeps `needs` from starting; `running` services (name -> port) have their share."""
    found = [*_python(), *_system()]
    for need in needs.services:
        if running.get(need.service) != need.port:
            found += _port(need, home)
    found += _memory([need for need in needs.services if need.service not in running])
    found += _disk(needs, home, cache)
    found += _secrets(needs, home)
    found += _gpus(needs)
    return tuple(found)


def available_memory_bytes() -> int:
    """What new processes may take: the machine's, or the container's where that is less."""
    available: int = psutil.virtual_memory().available
    limit = _number(_CGROUP / "memory.max")
    used = _number(_CGROUP / "memory.current")
    if limit is None or used is None:
        return available
    cached = _inactive_file_bytes()
    return min(available, max(0, limit - used + cached))


def _python() -> list[Finding]:
    version = tuple(int(part) for part in platform.python_version_tuple()[:2])
    if _OLDEST_PYTHON <= version < _TOO_NEW_PYTHON:
        return []
    return [
        Finding(
            "need-python",
            f"Python {version[0]}.{version[1]} is not supported.",
            "llmplat runs on Python 3.11 to 3.13",
            ("uv tool install --python 3.12 llmplat",),
        )
    ]


def _system() -> list[Finding]:
    if platform.system() == "Linux":
        return []
    return [
        Finding(
            "need-linux",
            f"The local substrate does not run on {platform.system()}.",
            "it finds and ends its processes through /proc",
            ("run llmplat in a Linux container or virtual machine",),
        )
    ]


def _port(need: Need, home: LocalHome) -> list[Finding]:
    if not need.port or _is_free(need.host, need.port):
        return []
    holder = _holder(need.port)
    if holder is not None and marker_of(holder.pid).startswith(f"{home.state_id}/"):
        # Left by our own earlier life; the start sweeps it.
        return []
    return [
        Finding(
            "need-port",
            f"Port {need.port} for {need.service} is taken.",
            f"{need.host}:{need.port} is held by {_describe(holder)}",
            (
                "set another substrate.local.port in the platform file",
                *_stop_advice(holder),
            ),
        )
    ]


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
    return True


def _holder(port: int) -> psutil.Process | None:
    try:
        for connection in psutil.net_connections("tcp"):
            is_listening = connection.status == psutil.CONN_LISTEN
            if is_listening and connection.laddr[1:] == (port,) and connection.pid:
                return psutil.Process(connection.pid)
    except (psutil.Error, OSError):
        return None
    return None


def _describe(holder: psutil.Process | None) -> str:
    if holder is None:
        return "a process of another user"
    owner = _platform_of(holder)
    try:
        name = holder.name()
    except psutil.Error:
        name = "a process"
    words = f"{name} (pid {holder.pid})"
    return f"{words} of llmplat platform {owner}" if owner else words


def _platform_of(holder: psutil.Process) -> str:
    return marker_of(holder.pid).split("/")[0].rpartition("-")[0]


def _stop_advice(holder: psutil.Process | None) -> tuple[str, ...]:
    if holder is None:
        return ()
    if _platform_of(holder):
        return ("llmplat down -f <the file of that platform>",)
    return (f"kill {holder.pid}",)


def _memory(needs: list[Need]) -> list[Finding]:
    needed_bytes = sum(need.memory_bytes for need in needs)
    available_bytes = available_memory_bytes()
    if needed_bytes <= available_bytes:
        return []
    shares = ", ".join(f"{need.service} {format_size(need.memory_bytes)}" for need in needs)
    return [
        Finding(
            "need-memory",
            "There is too little memory for this platform.",
            f"it needs {format_size(needed_bytes)} ({shares}); "
            f"{format_size(available_bytes)} is available, "
            f"{format_size(needed_bytes - available_bytes)} too little",
            (
                "lower engine.kvCacheMemory, context or concurrency in the platform file",
                "stop other programs or take a larger machine",
            ),
        )
    ]


def _disk(needs: Needs, home: LocalHome, cache: Path) -> list[Finding]:
    wanted = [("the cache", cache, needs.disk_bytes), ("the state", home.root, _STATE_BYTES)]
    found = []
    for what, folder, needed_bytes in wanted:
        free_bytes = shutil.disk_usage(_existing(folder)).free
        if needed_bytes > free_bytes:
            found.append(
                Finding(
                    "need-disk",
                    f"There is too little disk space for {what}.",
                    f"{folder} needs {format_size(needed_bytes)}; {format_size(free_bytes)} is free",
                    (f"free {format_size(needed_bytes - free_bytes)} there",),
                )
            )
    return found


def _secrets(needs: Needs, home: LocalHome) -> list[Finding]:
    return [
        Finding(
            "need-secret",
            f"The secret {name} is not there.",
            f"a backend names it as its key; {home.secrets / name} does not exist",
            (f"install -m 600 /dev/stdin {home.secrets / name}",),
        )
        for name in needs.secrets
        if not (home.secrets / name).is_file()
    ]


def _gpus(needs: Needs) -> list[Finding]:
    seen = len(find_gpus()) if needs.gpus else 0
    if needs.gpus <= seen:
        return []
    return [
        Finding(
            "need-gpu",
            "There are too few GPUs for this platform.",
            f"its engines take {needs.gpus}, one each; {seen} NVIDIA GPUs are seen",
            ("llmplat lock", "set gpu: auto for the models of the platform file"),
        )
    ]


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _inactive_file_bytes() -> int:
    """Page cache the kernel gives back before it refuses memory."""
    try:
        lines = (_CGROUP / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    values = dict(line.split(" ", 1) for line in lines if " " in line)
    return int(values.get("inactive_file", "0"))
