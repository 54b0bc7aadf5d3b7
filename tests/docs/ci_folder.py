"""A folder with a platform, and the shell of a CI job in it."""

import os
import subprocess
import sys
from pathlib import Path

FITS = "kind: Fleet\nmodels: [{model: Qwen/Qwen3-8B, gpu: h100-80gb}]\n"
FITS_NOT = "kind: Fleet\nmodels: [{model: Qwen/Qwen3-8B, gpu: l4}]\n"


def run(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    surroundings = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LLMPLAT_STATE_HOME": str(folder / "state"),
        "CI": "true",
        **env,
    }
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, env=surroundings, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def break_platform(folder: Path) -> None:
    file = folder / "platform.yaml"
    file.write_text(file.read_text() + "\nunknownKey: 1\n")
