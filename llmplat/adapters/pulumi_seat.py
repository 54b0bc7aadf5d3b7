"""Where Pulumi works on one platform: its folders, its environment, and what the child is asked."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmplat.adapters.atomic_file import write_whole
from llmplat.domain.provision import Inputs

_ENTRY = """\
import runpy
runpy.run_path({program!r}, run_name="__main__")
"""
_SETTINGS = """\
name: llmplat-{name}
runtime: python
description: Written by llmplat anew before every run
"""


@dataclass(frozen=True)
class PulumiSeat:
    """Where Pulumi works and what it works with."""

    platform: str
    program: str
    """Folder of infra/, such as gke."""
    home: Path
    """The folder that holds infra/."""
    state: Path
    """The platform's own folder on this machine."""
    python: str
    """Has Pulumi's packages."""
    tool: Path
    """Pulumi's command line tool."""
    backend: str | None = None
    """Where the state is kept, such as gs://bucket/folder; None: a folder of `state`."""
    project: str = ""
    """Google Cloud project, for the provider's own default."""

    @property
    def folder(self) -> Path:
        """Everything of Pulumi's on this machine."""
        return self.state / "pulumi"

    @property
    def url(self) -> str:
        """The state backend as Pulumi spells it."""
        return self.backend or f"file://{self.folder / 'state'}"

    def request(self, verb: str, inputs: Inputs, env: Mapping[str, str]) -> dict[str, Any]:
        """What the child is asked, with the files that it works with written down."""
        folder = self.folder / f"work-{self.program}"
        folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "state").mkdir(exist_ok=True)
        program = self.home / "infra" / self.program / "__main__.py"
        write_whole(folder / "__main__.py", _ENTRY.format(program=str(program)).encode())
        write_whole(folder / "Pulumi.yaml", _SETTINGS.format(name=self.program).encode())
        told = folder / "inputs.json"
        write_whole(told, json.dumps(inputs, indent=1, sort_keys=True).encode())
        return {
            "verb": verb,
            "stack": self.platform,
            "folder": str(folder),
            "home": str(self.folder / "home"),
            "env": self._pulumi_environment(told, env),
        }

    def _pulumi_environment(self, told: Path, env: Mapping[str, str]) -> dict[str, str]:
        found = {
            "LLMPLAT_INPUTS": str(told),
            "PULUMI_BACKEND_URL": self.url,
            "PULUMI_PYTHON_CMD": self.python,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "GOOGLE_PROJECT": self.project,
        }
        if not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(env):
            found["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(self._passphrase())
        return found

    def _passphrase(self) -> Path:
        """Made once. The state holds no secret values; Pulumi wants one all the same."""
        path = self.folder / "passphrase"
        if not path.is_file():
            write_whole(path, f"{secrets.token_urlsafe(32)}\n".encode())
        return path

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """Where llmplat runs from must not decide what the child imports."""
        dropped = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
        found = {name: value for name, value in env.items() if name not in dropped}
        found["PATH"] = os.pathsep.join((str(self.tool.parent), found.get("PATH", "")))
        return found
