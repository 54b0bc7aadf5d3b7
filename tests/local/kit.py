"""A platform of real supervision and real Redis, with stubs in the place of engine and gateway.

Run as a script it is one `up`: tests start it as a process of its own so that they can kill it.
"""

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(REPOSITORY))

from datetime import UTC, datetime  # noqa: E402 (the repository must be on the path first)

from llmplat.adapters.local_http import ask  # noqa: E402
from llmplat.adapters.local_substrate import LocalSubstrate  # noqa: E402
from llmplat.adapters.local_sweep import Marked, marked  # noqa: E402
from llmplat.apply.down import DownReport, DownWish, down  # noqa: E402
from llmplat.apply.keys import keys_document  # noqa: E402
from llmplat.apply.up import UpReport, UpTools, up  # noqa: E402
from llmplat.catalog.load import load_catalog  # noqa: E402
from llmplat.domain.errors import LlmplatError  # noqa: E402
from llmplat.observe.status import StatusReport, make_status  # noqa: E402
from llmplat.spec.keys import KeysFile, parse_keys  # noqa: E402
from llmplat.spec.load import load_platform  # noqa: E402
from llmplat.spec.lock import Lock, LockedModel, ModelConfig  # noqa: E402
from tests.fakes.recording_progress import RecordingProgress  # noqa: E402

PLATFORM = """\
apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: {name}
profile: llm-gateway
substrate:
  local: {{port: {port}}}
models:
  - name: stub
    source: hf://tests/stub@0123456789012345678901234567890123456789
    context: {context}
    concurrency: 4
    replicas: {{min: {replicas}, max: {replicas}}}
    engine: {{kvCacheMemory: 64MiB}}
tenants:
  - name: team
    budget: {{usd: 5, period: month}}
    apps: [{{name: app}}]
"""
LOCK = Lock(
    models=(
        LockedModel(
            name="stub",
            source="hf://tests/stub@0123456789012345678901234567890123456789",
            revision="0123456789012345678901234567890123456789",
            digest="sha256:" + "0" * 64,
            weights_bytes=1024**2,
            config=ModelConfig(
                model_type="llama",
                architectures=("LlamaForCausalLM",),
                hidden_size=576,
                num_hidden_layers=2,
                num_attention_heads=9,
                num_key_value_heads=3,
                max_position_embeddings=8192,
                torch_dtype="bfloat16",
                vocab_size=49152,
            ),
        ),
    )
)
KINDS = {"vllm-cpu": "stub_engine.py", "litellm": "stub_gateway.py"}


class StoppingSubstrate(LocalSubstrate):
    """Stands still at the start of one named step, so that a test can kill it just there."""

    stop_at = ""

    def mark(self, verb: str, step: str) -> None:
        super().mark(verb, step)
        if step == self.stop_at:
            os.kill(os.getpid(), signal.SIGSTOP)


@dataclass
class LocalPlatform:
    """One platform of a test: its file, its state, and ways to start, look at and end it."""

    folder: Path
    port: int
    name: str = "kit"
    context: int = 2048
    replicas: int = 1
    pythons: dict[str, Path] = field(default_factory=dict)
    """Real interpreters in the place of stubs."""

    stop_at: str = ""
    """The step at which `up` stands still."""

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.yaml"

    @property
    def state(self) -> Path:
        return self.folder / "state" / self.name

    @property
    def substrate(self) -> LocalSubstrate:
        found = StoppingSubstrate(self.name, self.state, self.folder / "cache")
        found.stop_at = self.stop_at
        return found

    def write(self) -> "LocalPlatform":
        self.file.write_text(
            PLATFORM.format(
                name=self.name, port=self.port, context=self.context, replicas=self.replicas
            )
        )
        return self

    def up(self, progress: RecordingProgress | None = None) -> UpReport:
        """`up` in this process."""
        platform = load_platform(self.write().file).platform
        return up(platform, None, self.tools(), progress or RecordingProgress())

    def start_up(self) -> subprocess.Popen[str]:
        """`up` as a process of its own, to be killed or waited for."""
        pythons = [f"--python={name}={path}" for name, path in self.pythons.items()]
        command = [sys.executable, __file__, str(self.folder), str(self.port), self.name]
        return subprocess.Popen(
            [
                *command,
                f"--context={self.context}",
                f"--replicas={self.replicas}",
                f"--stop-at={self.stop_at}",
                *pythons,
            ],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def tools(self) -> UpTools:
        model = self.folder / "cache" / "models" / "stub"
        model.mkdir(parents=True, exist_ok=True)
        return UpTools(
            substrate=self.substrate,
            catalog=load_catalog(REPOSITORY),
            install=lambda runtime, _: self._python(runtime),
            is_installed=lambda _: True,
            fetch=lambda name, source, lock, progress: model,
            make_lock=lambda _: LOCK,
            keys_json=lambda places: keys_document(
                self.keys(), places.system_key_sha256, datetime.now(UTC)
            ),
            ask=ask,
        )

    def keys(self) -> KeysFile:
        path = self.folder / "keys.yaml"
        return parse_keys(path.read_text(), str(path)) if path.exists() else KeysFile()

    def down(self, *, is_purge: bool = False, is_dry_run: bool = False) -> DownReport:
        wish = DownWish(self.name, is_dry_run, is_purge)
        return down(wish, self.substrate, RecordingProgress())

    def status(self) -> StatusReport:
        return make_status(self.substrate, ask)

    def processes(self) -> list[Marked]:
        """All living processes that carry this platform's marker."""
        return marked(self.substrate.state_id)

    def spent(self) -> int:
        """Tokens that the stub gateway has counted in Redis."""
        told: list[dict[str, Any]] = []

        def is_told() -> bool:
            """A starved gateway does not answer within the status' own few seconds."""
            usage = self.status().usage
            told.extend([usage] if usage is not None else [])
            return bool(told)

        wait_until(is_told, "usage in the status")
        return int(told[0]["spent"])

    def is_healthy(self) -> bool:
        """What the status says at this moment."""
        return self.status().is_healthy

    def assert_healthy(self) -> None:
        """It says so, though perhaps not while the machine is starved."""
        wait_until(self.is_healthy, "health")

    def census(self) -> dict[str, int]:
        """How many processes of each service live."""
        return dict(Counter(process.service for process in self.processes()))

    def pid_of(self, service: str) -> int:
        """The process that the supervisor started for `service`; 0 while there is none."""
        found = {one.name: one.pid for one in self.status().services}
        return found.get(service) or 0

    def step(self) -> str:
        """The step that an `up` of this platform is in, from outside."""
        return self.substrate.status().busy or ""

    def end_everything(self) -> None:
        """Leave nothing behind, whatever happened."""
        deadline = time.monotonic() + 60
        # The supervisor may have started another one meanwhile.
        while (left := self.processes()) and time.monotonic() < deadline:
            for process in left:
                kill(process.pid)
            time.sleep(0.05)

    def secrets(self) -> dict[str, str]:
        return {path.name: path.read_text().strip() for path in (self.state / "secrets").iterdir()}

    def fingerprint(self) -> str:
        """Of all secrets and keys: what no kill may change."""
        text = "".join(f"{name}={value}" for name, value in sorted(self.secrets().items()))
        return hashlib.sha256(text.encode()).hexdigest()

    def _python(self, runtime: str) -> Path:
        if runtime in self.pythons:
            return self.pythons[runtime]
        path = self.folder / "cache" / "environments" / runtime / "bin" / "python"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            stub = REPOSITORY / "tests" / "fakes" / KINDS[runtime]
            aside = path.with_suffix(f".{os.getpid()}")
            aside.write_text(f'#!/bin/sh\nexec {sys.executable} -S {stub} "$@"\n')
            aside.chmod(0o755)
            aside.rename(path)
        return path


def kill(pid: int) -> None:
    """SIGKILL; it may be gone already."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wait_until(is_true, what: str, wait_s: float = 180) -> None:
    """Poll `is_true`; fails when it does not come true."""
    deadline = time.monotonic() + wait_s
    while not is_true():
        assert time.monotonic() < deadline, f"{what} did not happen in {wait_s} s"
        time.sleep(0.02)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("name")
    parser.add_argument("--context", type=int)
    parser.add_argument("--replicas", type=int)
    parser.add_argument("--stop-at", default="")
    parser.add_argument("--python", action="append", default=[])
    options = parser.parse_args()
    pythons = {word.split("=", 1)[0]: Path(word.split("=", 1)[1]) for word in options.python}
    platform = LocalPlatform(
        options.folder, options.port, options.name, options.context, options.replicas, pythons,
        options.stop_at,
    )  # fmt: skip
    try:
        platform.up()
    except LlmplatError as error:
        sys.stderr.write(f"{error.code}: {error.what}\n{error.why}\n{error.fix}\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
