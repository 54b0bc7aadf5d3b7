"""This process as a claimant: a name that no other run has, and whether another of this machine is dead."""

import os
import platform

import psutil

from llmplat.apply.cluster_claim import Claimant
from llmplat.domain.units import parse_whole


def this_run() -> Claimant:
    """Host, process id and when the process began."""
    own = psutil.Process()
    return Claimant(_name(os.getpid(), own.create_time()), _is_gone)


def _name(pid: int, began_s: float) -> str:
    return f"{platform.node()}/{pid}/{began_s:.2f}"


def _is_gone(name: str) -> bool:
    """True only where it is certain: that process ran here and runs no more."""
    host, _, rest = name.rpartition("/")[0].rpartition("/")
    pid = parse_whole(rest)
    if host != platform.node() or pid is None:
        return False
    try:
        return _name(pid, psutil.Process(pid).create_time()) != name
    except psutil.NoSuchProcess:
        return True
