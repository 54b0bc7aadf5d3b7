"""Runs the Pulumi programs of infra/ under mocks, in a Python that has Pulumi: a process of its own."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmplat.domain.errors import InternalError, PreconditionError

VARIABLE = "LLMPLAT_GKE_PYTHON"
"""Environment variable that names a Python with the extra `gke`."""
_LIMIT_S = 120
_INSTALL = "pip install 'llmplat[gke]'    # in a checkout: pip install -e '.[gke]'"


def gke_python(env: Mapping[str, str]) -> str:
    """The Python with Pulumi and its providers; PreconditionError with the command that adds them."""
    named = env.get(VARIABLE)
    if named:
        if not os.access(named, os.X_OK):
            raise PreconditionError(
                f"{VARIABLE} names {named}, which cannot be run.",
                why="plans for GKE run the program infra/gke, which needs Pulumi's packages.",
                fix=(f"unset {VARIABLE}", _INSTALL),
            )
        return named
    if importlib.util.find_spec("pulumi") and importlib.util.find_spec("pulumi_gcp"):
        return sys.executable
    raise PreconditionError(
        "Pulumi's packages are not installed, and a platform on GKE needs them.",
        why="its cluster is the program infra/gke; `plan` runs it under mocks, `up` for real.",
        fix=(_INSTALL, f"or {VARIABLE}=/path/to/python with them"),
    )


def record_program(
    name: str, document: Mapping[str, Any], home: Path, env: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What the program infra/`name` under `home` declares for `document`; no network, no cloud.

    Raises PreconditionError without Pulumi, InternalError when the program fails.
    """
    argv = [gke_python(env), "-m", "infra.under_mocks", name]
    text = json.dumps(document)
    try:
        done = subprocess.run(
            argv,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd=home,
            env=_environment(env, home),
            timeout=_LIMIT_S,
        )
    except subprocess.TimeoutExpired as exc:
        raise _failed(name, f"it did not end within {_LIMIT_S} s", "") from exc
    if done.returncode != 0:
        raise _failed(name, f"exit status {done.returncode}", done.stderr)
    found: list[dict[str, Any]] = json.loads(done.stdout)["resources"]
    return found


def _environment(env: Mapping[str, str], home: Path) -> dict[str, str]:
    """Nothing of the caller's clouds goes in: what the mocks need is a path and a folder."""
    package = Path(__file__).resolve().parents[2]
    kept = {key: env[key] for key in ("PATH", "HOME", "TMPDIR", "LANG") if key in env}
    return {**kept, "PYTHONPATH": os.pathsep.join((str(home), str(package)))}


def _failed(name: str, why: str, stderr: str) -> InternalError:
    return InternalError(
        f"The program infra/{name} failed under mocks.",
        why=why,
        fix=("report this as a bug; it is a program that llmplat ships",),
        details=stderr[-4000:],
    )
