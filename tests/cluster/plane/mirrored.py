"""A platform file whose charts come from the mirror, and `llmplat` itself as a process that takes them there."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from llmplat.catalog.load import load_catalog
from tests.cluster.plane.client import Object
from tests.cluster.plane.rendered import HOME
from tests.cluster.plane.stand_ins import Mirror

CLI = "tests.cluster.plane.mirrored_cli"


@dataclass
class Workplace:
    """A folder with platform.yaml and its lock, from which `llmplat` is run."""

    folder: Path
    kubeconfig: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.folder / "platform.yaml"

    def edit(self, **changes: object) -> None:
        """Change top-level keys of the platform file."""
        document = yaml.safe_load(self.file.read_text())
        self.file.write_text(yaml.safe_dump({**document, **changes}, sort_keys=False))

    def start(self, *words: str, **env: str) -> "subprocess.Popen[str]":
        """`llmplat WORDS`, running."""
        return subprocess.Popen(
            [sys.executable, "-m", CLI, *words],
            cwd=self.folder,
            env={**self._env(), **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *words: str, timeout_s: float = 600, **env: str
    ) -> "subprocess.CompletedProcess[str]":
        """`llmplat WORDS` to its end."""
        process = self.start(*words, **env)
        try:
            out, err = process.communicate(timeout=timeout_s)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def _env(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": str(HOME),
            "KUBECONFIG": str(self.kubeconfig),
            "LLMPLAT_STATE_HOME": str(self.folder / "state"),
            "LLMPLAT_CACHE_HOME": str(self.folder / "cache"),
            "LLMPLAT_TEST_MIRROR": str(self.folder / "mirror.json"),
            **self.env,
        }


def make_workplace(
    folder: Path, example: str, mirror: Mirror, kubeconfig: Path, changes: Mapping[str, object]
) -> Workplace:
    """The example with `changes` of its top-level keys; every chart placed in the mirror."""
    folder.mkdir(parents=True, exist_ok=True)
    examples = HOME / "docs" / "examples"
    document: Object = yaml.safe_load((examples / f"{example}.yaml").read_text())
    document |= changes
    document["substrate"]["cluster"]["context"] = "test"
    (folder / "platform.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    places, digests = _place_all(mirror)
    (folder / "mirror.json").write_text(json.dumps(places))
    lock: Object = yaml.safe_load((examples / f"{example}.lock.yaml").read_text())
    for chart in lock["charts"]:
        chart["digest"] = digests.get(chart["name"], chart["digest"])
    (folder / "platform.lock.yaml").write_text(yaml.safe_dump(lock, sort_keys=False))
    return Workplace(folder, kubeconfig)


def _place_all(mirror: Mirror) -> tuple[dict[str, str], dict[str, str]]:
    """Component -> repository in the mirror; chart -> digest of what is there."""
    places: dict[str, str] = {}
    digests: dict[str, str] = {}
    for name, component in load_catalog(HOME).components.items():
        pin = component.version
        if pin is None or pin.chart is None or pin.repository is None:
            continue
        if pin.repository.startswith("oci://"):
            digests[pin.chart] = str(mirror.push(name, pin.chart))
            places[name] = f"oci://{mirror.registry}/charts"
        else:
            mirror.place(name, pin.chart, pin.pinned)
            places[name] = f"http://127.0.0.1:{mirror.port}"
    return places, digests
