"""This machine and what it can reach -> a Machine; nothing waits longer than a few seconds."""

import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil

from llmplat.adapters.local_preflight import available_memory_bytes
from llmplat.adapters.local_redis import find_redis
from llmplat.adapters.nvidia import find_gpus
from llmplat.adapters.uv_tool import uv_environment
from llmplat.adapters.web_trust import web_trust
from llmplat.domain.errors import PreconditionError
from llmplat.domain.machine import Disk, Machine, Reach

_REACH_TIMEOUT_S = 4.0
_TOOL_TIMEOUT_S = 10.0
_HUB = "https://huggingface.co"
_INDEX = "https://pypi.org/simple"
_PROBED_PACKAGE = "uv"
"""A page every index has that can install llmplat at all."""


class LocalMachine:
    """A probe of the machine we run on; `folders` are named places whose free space matters."""

    def __init__(self, folders: Mapping[str, Path], env: Mapping[str, str]) -> None:
        self._folders = folders
        self._env = env

    def look(self) -> Machine:
        """Look at everything, the slow looks side by side."""
        with ThreadPoolExecutor(max_workers=4) as pool:
            hub = pool.submit(_reach, _hub_url(self._env))
            index = pool.submit(_reach, _index_url(self._env))
            gpus = pool.submit(find_gpus)
            redis = pool.submit(_redis)
            return Machine(
                system=platform.system(),
                architecture=platform.machine(),
                python=platform.python_version(),
                cpu_cores=len(os.sched_getaffinity(0)),
                cpu_flags=_cpu_flags(),
                memory_bytes=psutil.virtual_memory().total,
                available_memory_bytes=available_memory_bytes(),
                disks=tuple(_disk(what, path) for what, path in self._folders.items()),
                gpus=gpus.result(),
                has_gpu_driver=Path("/proc/driver/nvidia/version").exists(),
                uv=_uv_version(),
                redis=redis.result(),
                hub=hub.result(),
                index=index.result(),
            )


def _hub_url(env: Mapping[str, str]) -> str:
    return f"{(env.get('HF_ENDPOINT') or _HUB).rstrip('/')}/api/models?limit=1"


def _index_url(env: Mapping[str, str]) -> str:
    settings = uv_environment(env)
    base = settings.get("UV_DEFAULT_INDEX") or settings.get("UV_INDEX_URL") or _INDEX
    return f"{base.split('=', 1)[-1].rstrip('/')}/{_PROBED_PACKAGE}/"


def _reach(url: str) -> Reach:
    started = time.monotonic()
    shown = re.sub(r"://[^/@]*@", "://", url).split("?", maxsplit=1)[0]
    try:
        with httpx.stream(
            "GET", url, timeout=_REACH_TIMEOUT_S, follow_redirects=True, verify=web_trust()
        ) as answer:
            is_reached, detail = answer.status_code < 400, f"HTTP {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        is_reached, detail = False, str(error) or type(error).__name__
    return Reach(shown, is_reached, detail[:200], round(time.monotonic() - started, 3))


def _disk(what: str, folder: Path) -> Disk:
    while not folder.exists():
        folder = folder.parent
    return Disk(what, str(folder), shutil.disk_usage(folder).free)


def _cpu_flags() -> frozenset[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return frozenset()
    match = re.search(r"^(?:flags|Features)\s*:\s*(.*)$", text, re.MULTILINE)
    return frozenset(match[1].split()) if match else frozenset()


def _uv_version() -> str | None:
    try:
        import uv  # noqa: PLC0415 (its absence is an answer)

        tool = uv.find_uv_bin()
    except (ImportError, FileNotFoundError):
        tool = shutil.which("uv") or ""
    words = _run([tool, "--version"]).split() if tool else []
    return words[1] if len(words) > 1 else None


def _redis() -> str | None:
    try:
        server = find_redis()
    except PreconditionError:
        return None
    return f"{server.version_text} ({server.path})"


def _run(argv: list[str]) -> str:
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=_TOOL_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
