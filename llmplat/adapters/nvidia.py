"""The NVIDIA GPUs of this machine, as its driver names them."""

import shutil
import subprocess

from llmplat.domain.machine import Gpu
from llmplat.domain.units import MIB, parse_whole

_TIMEOUT_S = 10.0


def find_gpus() -> tuple[Gpu, ...]:
    """All GPUs in the driver's order; none without a driver or its `nvidia-smi`."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(_gpu(line) for line in done.stdout.splitlines() if line.strip())


def _gpu(line: str) -> Gpu:
    name, _, memory_mib = line.rpartition(",")
    memory = parse_whole(memory_mib.strip())
    return Gpu(name.strip(), None if memory is None else memory * MIB)
