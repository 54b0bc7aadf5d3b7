"""The whole loop: demo model -> image -> digest -> `up` from that digest -> real tokens."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.test_demo_model import cache
from tests.fakes.real_registry import find_debian, find_distribution, real_registry
from tests.fakes.signing import write_keys

PORT = 24210
PLATFORM = f"""\
apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: packaged
profile: llm-gateway
substrate:
  local: {{port: {PORT}}}
models:
  - name: smol
    source: oci://REFERENCE
    context: 512
    concurrency: 2
tenants:
  - name: team
    budget: {{usd: 5, period: month}}
    apps: [{{name: app}}]
"""


class Machine:
    """A folder with a state and a cache of its own; only the installed environments are shared."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = self._new_cache("cache")
        self.packers_cache = self._new_cache("packers-cache")
        """Of the machine that packages: it has the model, the other one has not."""

    def _new_cache(self, name: str) -> Path:
        made = self.folder / name
        made.mkdir()
        (made / "environments").symlink_to(cache() / "environments")
        return made

    def run(self, *words: str, cache_home: Path | None = None) -> str:
        env = {
            **os.environ,
            "LLMPLAT_STATE_HOME": str(self.folder / "state"),
            "LLMPLAT_CACHE_HOME": str(cache_home or self.cache),
            "CI": "true",
        }
        done = subprocess.run(
            [sys.executable, "-m", "llmplat", *words],
            cwd=self.folder, env=env, capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout


@pytest.fixture
def machine() -> Iterator[Machine]:
    # Not pytest's own folder: unix sockets need a short path.
    folder = Path(tempfile.mkdtemp(prefix="llmplat-pack-"))
    made = Machine(folder)
    try:
        yield made
    finally:
        if (folder / "platform.yaml").is_file():
            made.run("down", "--purge", "--yes")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.engine
@pytest.mark.timeout(1200)
def test_a_model_is_packaged_signed_and_served_from_its_digest(machine: Machine) -> None:
    program = find_distribution() or find_debian()
    if program is None:
        pytest.skip("no registry here (apt-get install docker-registry) and no Go to build one")
    private, public = write_keys(machine.folder)
    data = machine.folder / "registry"
    data.mkdir()
    with real_registry(program, data) as registry:
        place = f"{registry.address}/demo/smol:v1"
        words = ("package-model", "demo://smollm2-135m-instruct", place, "--sign", str(private))
        reference = machine.run(*words, cache_home=machine.packers_cache).strip()
        assert reference.startswith(f"{registry.address}/demo/smol@sha256:")
        machine.run("model", "verify", reference, "--key", str(public))
        (machine.folder / "platform.yaml").write_text(PLATFORM.replace("REFERENCE", reference))
        up = json.loads(machine.run("up", "-o", "json"))
    (proof,) = up["proofs"]
    assert proof["model"] == "smol"
    assert proof["tokens"] > 0
    assert reference in (machine.folder / "platform.lock.yaml").read_text()
    (served,) = (machine.cache / "models").glob("*/model.safetensors")
    assert served.stat().st_size > 200_000_000
    assert not list((machine.cache / "downloads").glob("image-*/"))
    # The registry is gone by now: what was pulled is all that serving needs.
    answer = machine.run("chat", "Say hello.", "--model", "smol")
    assert answer.strip()
