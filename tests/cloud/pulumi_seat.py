"""A seat for Pulumi in a folder of the test: the real Automation API over a tool that plays logs."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from llmplat.adapters.pulumi_provisioner import PulumiProvisioner
from llmplat.adapters.pulumi_seat import PulumiSeat

HOME = Path(__file__).parents[2]
TOOLS = Path.home() / ".cache" / "llmplat-test-tools"


@cache
def pulumi_python() -> str:
    """A Python with Pulumi's packages: LLMPLAT_GKE_PYTHON, or what .ci/setup-tests made."""
    named = os.environ.get("LLMPLAT_GKE_PYTHON")
    found = [named] if named else [sys.executable, *map(str, TOOLS.glob("gke*/bin/python"))]
    for python in found:
        done = subprocess.run(
            [python, "-c", "import pulumi.automation"], capture_output=True, check=False
        )
        if done.returncode == 0:
            return python
    pytest.skip("no Python with Pulumi's packages: bash .ci/setup-tests, or LLMPLAT_GKE_PYTHON")


@cache
def logs() -> str:
    """The event logs, built by Pulumi's own classes."""
    program = Path(__file__).with_name("pulumi_events.py")
    done = subprocess.run(
        [pulumi_python(), str(program)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass
class Seat:
    """The folder, what is played, and what was asked."""

    folder: Path
    backend: str | None = None
    program: str = "gke"
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tool = self.folder / "tool" / "bin" / "pulumi"
        tool.parent.mkdir(parents=True)
        text = (HOME / "tests/fakes/pulumi_tool.py").read_text()
        tool.write_text(text.replace("/usr/bin/env python3", pulumi_python(), 1))
        tool.chmod(0o755)
        (self.folder / "logs.json").write_text(logs())
        self.play()

    def play(self, version: str = "v3.205.0", **acts: Any) -> None:
        """What each subcommand does from now on."""
        document = {name.replace("_", " "): act for name, act in acts.items()}
        document["version"] = version
        (self.folder / "play.json").write_text(json.dumps(document))

    def has_stack(self) -> None:
        """As after an `up` before."""
        (self.folder / "stack-demo").touch()
        (self.folder / "state" / "pulumi" / "state").mkdir(parents=True, exist_ok=True)

    def has_state(self, stack: str, state: Path) -> None:
        """As after an `up` of the platform `stack`, whose folder is `state`."""
        (self.folder / f"stack-{stack}").touch()
        (state / "pulumi" / "state").mkdir(parents=True, exist_ok=True)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Everything the tool was asked."""
        path = self.folder / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def verbs(self) -> list[str]:
        """Only what matters: no versions, no selections."""
        quiet = {
            "version",
            "stack select",
            "stack init",
            "stack output",
            "stack export",
            "stack history",
        }
        return [call["verb"] for call in self.calls if call["verb"] not in quiet]

    def open(self) -> PulumiProvisioner:
        """The adapter."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        seat = PulumiSeat(
            platform="demo", program=self.program, home=HOME, state=self.folder / "state",
            python=pulumi_python(), tool=self.folder / "tool" / "bin" / "pulumi",
            backend=self.backend, project="my-project",
        )  # fmt: skip
        return PulumiProvisioner(seat, {**kept, "FAKE_PULUMI": str(self.folder), **self.env})
