"""How fast a model gets into a registry, beside moving ready blobs once; everything counted from outside.

Prints one table. The floor is `crane push` of a finished layout to the same registry (Distribution
3.1.1 on memory-backed storage), measured in turn with us, so that both meet the same machine.

    python tests/benchmarks/registry_push.py [--gb 4] [--rounds 3]
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.fakes.hub import fake_hub
from tests.fakes.real_registry import RealRegistry, find_crane, find_distribution, real_registry
from tests.fakes.relay import relay_to

GB = 1000**3
LINK = 300_000_000
SMALL = {
    "config.json": "{}\n" * 300,
    "tokenizer.json": "[]\n" * 100_000,
    "generation_config.json": "{}\n",
    "tokenizer_config.json": "{}\n" * 90,
    "special_tokens_map.json": "{}\n",
    "model.safetensors.index.json": "{}\n" * 5000,
    "README.md": "# a model\n",
}


@dataclass
class Run:
    """One process, measured from outside."""

    wall_s: float
    cpu_s: float
    registry_cpu_s: float
    """What the registry spent on it."""
    anon_bytes: int
    read_bytes: int
    """By read, pread and sendfile."""
    sent_bytes: int
    """What the registry read from its sockets."""
    disk_bytes: int
    """Left or written in the cache and temporary folders."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--gb", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    program, crane = find_distribution(), find_crane()
    if program is None or crane is None:
        print("skipped: Distribution 3.1.1 and crane are needed, and Go to build them")
        return
    memory = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="registry-push-", dir=memory))
    try:
        Bench(folder, program, crane).run(wanted.gb, wanted.rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Bench:
    """One model, one registry, several ways."""

    def __init__(self, folder: Path, program: Path, crane: Path) -> None:
        self.folder = folder
        self.program = program
        self.crane = crane
        self.model = folder / "model"
        self.cache = folder / "cache"
        self.layout = folder / "layout"

    def run(self, gb: float, rounds: int) -> None:
        """Everything, in turn."""
        make_model(self.model, int(gb * GB))
        self.measure(self.package("--to-layout", str(self.layout)), None)
        keep_image_only(self.layout / "index.json")
        rows: dict[str, list[Run]] = {}
        for number in range(rounds):
            print(f"round {number + 1}: load {os.getloadavg()[0]:.1f}", flush=True)
            self.round(rows)
        show(rows, gb)
        self.hub(min(gb, 1.2))

    def round(self, rows: dict[str, list[Run]]) -> None:
        """The floor, then us: first, digests known, unchanged."""

        def note(name: str, run: Run) -> None:
            rows.setdefault(name, []).append(run)

        def push(address: str) -> list[str]:
            return self.package(f"{address}/team/model:v1")

        with self.registry() as registry:
            words = [str(self.crane), "push", str(self.layout), f"{registry.address}/team/model:v1"]
            note("ready blobs once (crane push)", self.measure(words, registry))
        shutil.rmtree(self.cache, ignore_errors=True)
        with self.registry() as registry:
            note("first push", self.measure(push(registry.address), registry))
        with self.registry() as registry:
            note("digests known", self.measure(push(registry.address), registry))
            note("unchanged again", self.measure(push(registry.address), registry))

    def registry(self):
        """An empty registry."""
        data = self.folder / "registry"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        return real_registry(self.program, data)

    def package(self, *words: str) -> list[str]:
        """Our command line."""
        return [sys.executable, "-m", "llmplat", "package-model", str(self.model), *words]

    def measure(
        self, words: list[str], registry: RealRegistry | None, env: dict[str, str] | None = None
    ) -> Run:
        """One process to its end."""
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        places = {
            "LLMPLAT_CACHE_HOME": str(self.cache),
            "LLMPLAT_STATE_HOME": str(self.folder / "state"),
            "TMPDIR": str(scratch),
        }
        received = io_of(registry.pid)[0] if registry else 0
        spent_s = cpu_of(registry.pid) if registry else 0.0
        started = time.monotonic()
        process = subprocess.Popen(
            words,
            env={**os.environ, **places, **(env or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        watch = Watch(process.pid, (self.cache, scratch))
        _, error = process.communicate()
        wall_s = time.monotonic() - started
        watch.end()
        if process.returncode:
            raise SystemExit(error.decode())
        sent = io_of(registry.pid)[0] - received if registry else 0
        spent_s = cpu_of(registry.pid) - spent_s if registry else 0.0
        return Run(
            wall_s, watch.cpu_s, spent_s, watch.anon_bytes, watch.read_bytes, sent, watch.disk_bytes
        )

    def hub(self, gb: float) -> None:
        """hf:// to the registry, both links held to one rate, against one link's time."""
        shutil.rmtree(self.model)
        make_model(self.model, int(gb * GB))
        content = {
            path.relative_to(self.model).as_posix(): path.read_bytes()
            for path in self.model.rglob("*")
        }
        total = sum(map(len, content.values()))
        hashes = {name: hashlib.sha256(one).hexdigest() for name, one in content.items()}
        shutil.rmtree(self.cache, ignore_errors=True)
        with (
            fake_hub(content) as hub,
            self.registry() as registry,
            relay_to(registry.address, LINK) as up,
            relay_to(hub.address.removeprefix("http://"), None, LINK) as down,
        ):
            hub.chunk_bytes = 1024 * 1024
            hub.stated_sha256 = hashes
            hub.storage_address = f"http://{down.address}"
            words = self.package(f"{up.address}/team/model:v1")
            words[4] = "hf://org/tiny@main"
            before_s = time.process_time()
            run = self.measure(words, registry, {"HF_ENDPOINT": f"http://{down.address}"})
            harness_s = time.process_time() - before_s
        link_s = total / LINK
        print(
            f"\nhub to registry, {gb} GB, both links {LINK / 1e6:.0f} MB/s: {run.wall_s:.2f} s, "
            f"one link needs {link_s:.2f} s: {run.wall_s / link_s:.2f} x; "
            f"fetched {down.returned_bytes / total:.3f} x, sent {up.sent_bytes / total:.3f} x, "
            f"CPU {run.cpu_s:.1f} s, registry {run.registry_cpu_s:.1f} s, "
            f"hub and links {harness_s:.1f} s, anonymous memory {run.anon_bytes / 2**20:.0f} MiB, on disk {run.disk_bytes} B"
        )


class Watch:
    """Looks at a process until it ends."""

    def __init__(self, pid: int, folders: tuple[Path, ...]) -> None:
        self.anon_bytes = self.read_bytes = self.disk_bytes = 0
        self.cpu_s = 0.0
        self._pid = pid
        self._folders = folders
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> None:
        """Stop looking."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            try:
                self._once()
            except (OSError, ValueError, IndexError):
                return

    def _once(self) -> None:
        status = Path(f"/proc/{self._pid}/status").read_text()
        anon = [line for line in status.splitlines() if line.startswith("RssAnon")]
        if anon:
            self.anon_bytes = max(self.anon_bytes, int(anon[0].split()[1]) * 1024)
        self.read_bytes = io_of(self._pid)[0]
        self.cpu_s = cpu_of(self._pid)
        self.disk_bytes = max(self.disk_bytes, sum(map(size_of, self._folders)))


def io_of(pid: int) -> tuple[int, int]:
    """(rchar, wchar) of a process."""
    lines = Path(f"/proc/{pid}/io").read_text().split()
    return int(lines[1]), int(lines[3])


def cpu_of(pid: int) -> float:
    """Seconds of processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def size_of(folder: Path) -> int:
    """Bytes of the files under `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def make_model(folder: Path, size_bytes: int) -> None:
    """Four shards of random bytes, `size_bytes` together, and small files."""
    folder.mkdir()
    for name, text in SMALL.items():
        (folder / name).write_text(text)
    for number in range(4):
        path = folder / f"model-{number + 1:05}-of-00004.safetensors"
        with path.open("wb") as file:
            left = size_bytes // 4
            while left:
                left -= file.write(os.urandom(min(left, 8 * 1024 * 1024)))


def keep_image_only(index: Path) -> None:
    """crane pushes a layout of one entry; what is attached to the image goes."""
    document = json.loads(index.read_bytes())
    name = "org.opencontainers.image.ref.name"
    document["manifests"] = [
        one for one in document["manifests"] if one["annotations"][name] == "latest"
    ]
    index.write_text(json.dumps(document))


def show(rows: dict[str, list[Run]], gb: float) -> None:
    """The table: best and median wall, ratios to the floor of the same round."""
    floor = rows["ready blobs once (crane push)"]
    print(f"\n{gb} GB in 4 files and small ones; best / median of {len(floor)} rounds")
    head = (
        "way",
        "wall s",
        "ratio",
        "CPU s",
        "both CPU",
        "anon MiB",
        "read GB",
        "sent GB",
        "on disk",
    )
    print("  ".join(f"{word:>15}" for word in head))
    for name, runs in rows.items():
        ratios = [run.wall_s / other.wall_s for run, other in zip(runs, floor, strict=True)]
        print("  ".join(f"{word:>15}" for word in cells(name, runs, ratios)))


def cells(name: str, runs: list[Run], ratios: list[float]) -> tuple[str, ...]:
    """One row."""

    def pair(values: list[float]) -> str:
        return f"{min(values):.2f} / {statistics.median(values):.2f}"

    def most(pick: Callable[[Run], int], unit: float, digits: int = 2) -> str:
        return f"{max(map(pick, runs)) / unit:.{digits}f}"

    return (
        name,
        pair([run.wall_s for run in runs]),
        pair(ratios),
        pair([run.cpu_s for run in runs]),
        pair([run.cpu_s + run.registry_cpu_s for run in runs]),
        most(lambda run: run.anon_bytes, 2**20, 0),
        most(lambda run: run.read_bytes, 1e9),
        most(lambda run: run.sent_bytes, 1e9),
        most(lambda run: run.disk_bytes, 1, 0),
    )


if __name__ == "__main__":
    main()
