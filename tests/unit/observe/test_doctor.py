"""doctor: each gap is seen, named and comes with a fix."""

from dataclasses import replace

import pytest

from llmplat.domain.errors import Finding, PlanError
from llmplat.domain.machine import Disk, Gpu, Machine, Reach
from llmplat.domain.units import GIB
from llmplat.observe.doctor import Verdict, Wishes, examine
from llmplat.output.doctor_view import DOCTOR
from llmplat.output.theme import Theme

REACHED = Reach("https://index.example/simple/", True, "HTTP 200", 0.1)
LOST = Reach("https://index.example/simple/", False, "timed out", 4.0)
MACHINE = Machine(
    system="Linux",
    architecture="x86_64",
    python="3.12.1",
    cpu_cores=4,
    cpu_flags=frozenset({"avx2", "avx512f"}),
    memory_bytes=16 * GIB,
    available_memory_bytes=12 * GIB,
    disks=(Disk("cache", "/c", 50 * GIB), Disk("state", "/s", 50 * GIB)),
    gpus=(),
    has_gpu_driver=False,
    uv="0.9.1",
    redis="7.0.0 (/usr/bin/redis-server)",
    hub=LOST,
    index=REACHED,
)
WISHES = Wishes("demo", ports=(4000, 4001), memory_bytes=4 * GIB)


def verdict(name: str, machine: Machine = MACHINE, wishes: Wishes = WISHES) -> Verdict:
    check = next(c for c in examine(machine, wishes).checks if c.name == name)
    assert check.verdict is not Verdict.MISSING or check.fix, f"{name} has no fix"
    return check.verdict


def test_a_machine_without_a_hub_is_ready_for_the_demo() -> None:
    assert examine(MACHINE, WISHES).is_ready
    assert verdict("model hub") is Verdict.OK


@pytest.mark.parametrize(
    ("name", "machine", "wishes", "expected"),
    [
        ("model hub", {}, {"needs_hub": True}, Verdict.MISSING),
        ("package index", {"index": LOST}, {}, Verdict.OK),
        ("package index", {"index": LOST}, {"not_installed": ("litellm",)}, Verdict.MISSING),
        ("uv", {"uv": None}, {}, Verdict.MISSING),
        ("redis-server", {"redis": None}, {}, Verdict.MISSING),
        ("processor", {"cpu_flags": frozenset()}, {}, Verdict.MISSING),
        ("processor", {"cpu_flags": frozenset({"avx2"})}, {}, Verdict.WARNING),
        ("processor", {"architecture": "aarch64", "cpu_flags": frozenset()}, {}, Verdict.OK),
        ("gpu", {}, {}, Verdict.OK),
        ("gpu", {}, {"needs_gpu": True}, Verdict.MISSING),
        ("gpu", {"has_gpu_driver": True}, {}, Verdict.WARNING),
        ("gpu", {"gpus": (Gpu("L4", 24 * GIB),)}, {"needs_gpu": True}, Verdict.OK),
        ("ports", {}, {"ports": ()}, Verdict.WARNING),
        ("disk (cache)", {"disks": (Disk("cache", "/c", GIB),)}, {"not_installed": ("x",)}, Verdict.WARNING),
        ("disk (cache)", {"disks": (Disk("cache", "/c", GIB),)}, {}, Verdict.OK),
    ],
)  # fmt: skip
def test_verdicts(name: str, machine: dict, wishes: dict, expected: Verdict) -> None:
    assert verdict(name, replace(MACHINE, **machine), replace(WISHES, **wishes)) is expected


@pytest.mark.parametrize(
    ("code", "name", "what"),
    [
        ("need-port", "ports", "Port 4000 for gateway is taken."),
        ("need-memory", "memory", "There is too little memory for this platform."),
        ("need-python", "python", "Python 3.10 is not supported."),
        ("need-disk", "disk (cache)", "There is too little disk space for the cache."),
        ("need-secret", "need-secret", "The secret x is not there."),
    ],
)
def test_what_preflight_found_is_told_once(code: str, name: str, what: str) -> None:
    finding = Finding(code, what, "because", ("do this",))
    report = examine(MACHINE, replace(WISHES, missing=(finding,)))
    told = [check for check in report.checks if what in check.what]
    assert [(check.name, check.verdict) for check in told] == [(name, Verdict.MISSING)]
    assert not report.is_ready


def test_a_platform_that_cannot_be_planned_is_told_with_its_fix() -> None:
    failure = PlanError("It cannot be.", "3 is not 4", ("make it 4",))
    report = examine(MACHINE, Wishes("demo", failure=failure))
    assert not report.is_ready
    lines = list(DOCTOR.human(report, Theme()))
    assert any("It cannot be." in line for line in lines)
    assert any("fix: make it 4" in line for line in lines)
