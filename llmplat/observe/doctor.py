"""Turns a look at the machine and a platform's needs into checks, each gap with its fix."""

from dataclasses import dataclass
from enum import StrEnum

from llmplat.domain.errors import Finding, LlmplatError, Severity
from llmplat.domain.machine import Disk, Machine, Reach
from llmplat.domain.units import GIB, format_size

_LITTLE_DISK_BYTES = 12 * GIB
"""Both environments, their downloads and a small model."""


class Verdict(StrEnum):
    """How one check came out."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


_VERDICTS = {
    Severity.ERROR: Verdict.MISSING,
    Severity.WARNING: Verdict.WARNING,
    Severity.NOTE: Verdict.OK,
}


@dataclass(frozen=True)
class Check:
    """One thing doctor looked at."""

    name: str
    verdict: Verdict
    what: str
    fix: tuple[str, ...] = ()


@dataclass(frozen=True)
class DoctorReport:
    """All checks, in the order a person would look."""

    checks: tuple[Check, ...]

    @property
    def is_ready(self) -> bool:
        """Whether nothing that is needed is missing."""
        return all(check.verdict is not Verdict.MISSING for check in self.checks)


@dataclass(frozen=True)
class Wishes:
    """What the platform asks of the machine, as far as it could be found out."""

    name: str
    missing: tuple[Finding, ...] = ()
    """What preflight found."""
    ports: tuple[int, ...] = ()
    memory_bytes: int = 0
    needs_hub: bool = False
    needs_gpu: bool = False
    not_installed: tuple[str, ...] = ()
    """Runtimes that must still be fetched from the package index."""
    failure: LlmplatError | None = None
    """Why the platform could not be planned, or its cluster not be looked at."""
    is_local: bool = True
    """Whether it is to run on this machine."""


def examine(machine: Machine, wishes: Wishes) -> DoctorReport:
    """Every check of the machine, or of the cluster, against what the platform wishes."""
    if not wishes.is_local:
        own = (_platform(wishes), _python(machine, wishes))
        return DoctorReport((*own, *(_from_finding("cluster", one) for one in wishes.missing)))
    checks = [
        _platform(wishes),
        _python(machine, wishes),
        _processor(machine),
        _gpu(machine, wishes),
        _memory(machine, wishes),
        *(_disk(disk, wishes) for disk in machine.disks),
        _ports(wishes),
        _tool("uv", machine.uv, "pip install uv"),
        _tool("redis-server", machine.redis, "sudo apt-get install redis-server"),
        _index(machine.index, wishes),
        _hub(machine.hub, wishes),
    ]
    told = {"need-python", "need-linux", "need-port", "need-memory", "need-disk"}
    checks += [_from_finding(f.code, f) for f in wishes.missing if f.code not in told]
    return DoctorReport(tuple(checks))


def _platform(wishes: Wishes) -> Check:
    if wishes.failure is None:
        return Check("platform", Verdict.OK, f"{wishes.name} can be planned")
    error = wishes.failure
    why = f" ({error.why})" if error.why else ""
    return Check("platform", Verdict.MISSING, f"{error.what}{why}", error.fix)


def _python(machine: Machine, wishes: Wishes) -> Check:
    for finding in _found(wishes, "need-python", "need-linux"):
        return _from_finding("python", finding)
    return Check("python", Verdict.OK, f"Python {machine.python} on {machine.system}")


def _processor(machine: Machine) -> Check:
    known = ("amx_bf16", "avx512_bf16", "avx512f", "avx2", "asimd")
    has = [flag for flag in known if flag in machine.cpu_flags]
    told = (
        f"{machine.architecture}, {machine.cpu_cores} cores, {', '.join(has) or 'no vector units'}"
    )
    if machine.architecture == "x86_64" and not machine.cpu_flags & {"avx512f", "avx2"}:
        fix = (
            "run on a processor with AVX2 or AVX-512",
            "or use external backends in platform.yaml",
        )
        return Check("processor", Verdict.MISSING, f"{told}: the CPU engine needs AVX2", fix)
    if machine.architecture == "x86_64" and "avx512f" not in machine.cpu_flags:
        return Check("processor", Verdict.WARNING, f"{told}: slower without AVX-512")
    return Check("processor", Verdict.OK, told)


def _gpu(machine: Machine, wishes: Wishes) -> Check:
    if machine.gpus:
        names = ", ".join(
            f"{gpu.name} ({format_size(gpu.memory_bytes)})" if gpu.memory_bytes else gpu.name
            for gpu in machine.gpus
        )
        return Check("gpu", Verdict.OK, names)
    if wishes.needs_gpu:
        fix = ("set gpu: auto for the model to run on the processor", "install the NVIDIA driver")
        return Check("gpu", Verdict.MISSING, "a model asks for a GPU and none is seen", fix)
    if machine.has_gpu_driver:
        what = "the NVIDIA driver is loaded but nvidia-smi shows no GPU"
        return Check("gpu", Verdict.WARNING, what, ("nvidia-smi",))
    return Check("gpu", Verdict.OK, "none; the engine runs on the processor")


def _memory(machine: Machine, wishes: Wishes) -> Check:
    for finding in _found(wishes, "need-memory"):
        return _from_finding("memory", finding)
    told = f"{format_size(machine.available_memory_bytes)} available"
    wanted = f", {format_size(wishes.memory_bytes)} wanted" if wishes.memory_bytes else ""
    return Check("memory", Verdict.OK, told + wanted)


def _disk(disk: Disk, wishes: Wishes) -> Check:
    name = f"disk ({disk.what})"
    told = f"{format_size(disk.free_bytes)} free at {disk.folder}"
    for finding in _found(wishes, "need-disk"):
        if disk.what in finding.what:
            return _from_finding(name, finding)
    if disk.what == "cache" and wishes.not_installed and disk.free_bytes < _LITTLE_DISK_BYTES:
        fix = ("free some space", "or set LLMPLAT_CACHE_HOME to a larger disk")
        what = f"{told}; a first start wants about {format_size(_LITTLE_DISK_BYTES)}"
        return Check(name, Verdict.WARNING, what, fix)
    return Check(name, Verdict.OK, told)


def _ports(wishes: Wishes) -> Check:
    for finding in _found(wishes, "need-port"):
        return _from_finding("ports", finding)
    if not wishes.ports:
        return Check("ports", Verdict.WARNING, "not known before the platform can be planned")
    return Check("ports", Verdict.OK, f"free or ours: {', '.join(map(str, wishes.ports))}")


def _tool(name: str, version: str | None, fix: str) -> Check:
    if version is None:
        return Check(name, Verdict.MISSING, "not found", (fix,))
    return Check(name, Verdict.OK, version)


def _index(reach: Reach, wishes: Wishes) -> Check:
    if reach.is_reached:
        return Check("package index", Verdict.OK, f"{reach.url} answers")
    if not wishes.not_installed:
        what = f"{reach.url} does not answer; nothing needs to be installed"
        return Check("package index", Verdict.OK, what)
    what = f"{reach.url}: {reach.detail}; still to install: {', '.join(wishes.not_installed)}"
    fix = ("set HTTPS_PROXY, or UV_DEFAULT_INDEX to an index you can reach", "llmplat doctor")
    return Check("package index", Verdict.MISSING, what, fix)


def _hub(reach: Reach, wishes: Wishes) -> Check:
    if reach.is_reached:
        return Check("model hub", Verdict.OK, f"{reach.url} answers")
    what = f"{reach.url}: {reach.detail}"
    if wishes.needs_hub:
        fix = ("set HTTPS_PROXY or HF_ENDPOINT", "or use a file:// or demo:// model")
        return Check("model hub", Verdict.MISSING, f"{what}; a model comes from there", fix)
    return Check("model hub", Verdict.OK, "cannot be reached and is not needed: no hf:// model")


def _found(wishes: Wishes, *codes: str) -> list[Finding]:
    return [finding for finding in wishes.missing if finding.code in codes]


def _from_finding(name: str, finding: Finding) -> Check:
    why = f" ({finding.why})" if finding.why else ""
    return Check(name, _VERDICTS[finding.severity], f"{finding.what}{why}", finding.fix)
