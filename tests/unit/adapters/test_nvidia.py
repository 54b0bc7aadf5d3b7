"""GPUs as the driver's own tool tells them; the tool is a script of the test."""

from pathlib import Path

import pytest

from llmplat.adapters import nvidia
from llmplat.adapters.nvidia import find_gpus
from llmplat.domain.machine import Gpu


def script(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{text}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(nvidia, "_TIMEOUT_S", 120)


def test_names_and_memory_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "printf 'NVIDIA L4, 23034\\nNVIDIA GB10, [N/A]\\n'"
    script(tmp_path, lines, monkeypatch)
    assert find_gpus() == (Gpu("NVIDIA L4", 23034 * 1024**2), Gpu("NVIDIA GB10", None))


def test_a_driver_that_fails_shows_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path, "echo 'NVIDIA-SMI has failed'; exit 9", monkeypatch)
    assert find_gpus() == ()


def test_no_tool_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_gpus() == ()
