"""How fast a model gets into a registry, beside moving ready blobs once; everything counted from outside.

Prints one table; "both CPU" is ours and the registry's, which tells more than the wall clock where
both share few cores or others use them. The floor is `crane push` of a finished layout to the same
registry (Distribution 3.1.1 on memory-backed storage), measured in turn with us, so that both meet
the same machine.

    python tests/benchmarks/registry_push.py [--gb 4] [--rounds 3]
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from process_watch import Run, watched

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.fakes.hub import fake_hub
from tests.fakes.real_registry import RealRegistry, find_crane, find_distribution, real_registry
from tests.fakes.relay import relay_to

GB = 1000**3
LINK = 300_000_000
FLOOR = "ready blobs once (crane push)"
HASH = "hash alone (4 threads)"
_HASH_ALONE = """
import hashlib, pathlib, sys
from concurrent.futures import ThreadPoolExecutor
def of(path):
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
with ThreadPoolExecutor(4) as pool:
    list(pool.map(of, pathlib.Path(sys.argv[1]).glob("*.safetensors")))
"""
SMALL = {
    "config.json": "{}\n" * 300,
    "tokenizer.json": "[]\n" * 100_000,
    "generation_config.json": "{}\n",
    "tokenizer_config.json": "{}\n" * 90,
    "special_tokens_map.json": "{}\n",
    "model.safetensors.index.json": "{}\n" * 5000,
    "README.md": "# a model\n",
}


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
        # The first to fill this much memory pays for all who come after.
        with self.registry() as registry:
            self.measure(self.floor(registry), registry)
        for number in range(rounds):
            print(f"round {number + 1}: load {os.getloadavg()[0]:.1f}", flush=True)
            self.round(rows)
        show(rows, gb)
        self.hub(gb)

    def round(self, rows: dict[str, list[Run]]) -> None:
        """The floor, then us: first, digests known, unchanged."""

        def note(name: str, run: Run) -> None:
            rows.setdefault(name, []).append(run)

        def push(address: str) -> list[str]:
            return self.package(f"{address}/team/model:v1")

        note(HASH, self.measure([sys.executable, "-c", _HASH_ALONE, str(self.model)], None))
        with self.registry() as registry:
            note(FLOOR, self.measure(self.floor(registry), registry))
        shutil.rmtree(self.cache, ignore_errors=True)
        with self.registry() as registry:
            note("first push", self.measure(push(registry.address), registry))
        with self.registry() as registry:
            note("digests known", self.measure(push(registry.address), registry))
            note("unchanged again", self.measure(push(registry.address), registry))

    def floor(self, registry: RealRegistry) -> list[str]:
        """The command that moves ready blobs once."""
        return [str(self.crane), "push", str(self.layout), f"{registry.address}/team/model:v1"]

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
        env = {**os.environ, **places, **(env or {})}
        pid = registry.pid if registry else None
        return watched(words, env, (self.cache, scratch), pid)

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
    floor = rows[FLOOR]
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
    print(line(head))
    for name, runs in rows.items():
        print(line(cells(name, runs, floor)))
    print(apart(rows[HASH], floor))


def line(words: tuple[str, ...]) -> str:
    """One row in columns."""
    return f"{words[0]:>30}" + "".join(f"{word:>14}" for word in words[1:])


def apart(hashing: list[Run], floor: list[Run]) -> str:
    """What hashing and moving the bytes cost each alone: one pass has to do both."""
    cores = len(os.sched_getaffinity(0))
    least = [
        max(moved.wall_s, (moved.all_cpu_s + hashed.cpu_s) / cores) / moved.wall_s
        for hashed, moved in zip(hashing, floor, strict=True)
    ]
    cost = [
        (moved.all_cpu_s + hashed.cpu_s) / moved.all_cpu_s
        for hashed, moved in zip(hashing, floor, strict=True)
    ]
    return (
        f"hashing and moving, each as it is alone, on {cores} cores shared with the registry and "
        f"never idle: {statistics.median(least):.2f} x the floor's time, "
        f"{statistics.median(cost):.2f} x its CPU (medians)"
    )


def cells(name: str, runs: list[Run], floor: list[Run]) -> tuple[str, ...]:
    """One row; ratios are to the floor of the same round."""
    pairs = list(zip(runs, floor, strict=True))

    def pair(values: list[float]) -> str:
        return f"{min(values):.2f} / {statistics.median(values):.2f}"

    def most(pick: Callable[[Run], int], unit: float, digits: int = 2) -> str:
        return f"{max(map(pick, runs)) / unit:.{digits}f}"

    return (
        name,
        pair([run.wall_s for run in runs]),
        pair([run.wall_s / other.wall_s for run, other in pairs]),
        pair([run.cpu_s for run in runs]),
        pair([run.all_cpu_s for run in runs]),
        pair([run.all_cpu_s / other.all_cpu_s for run, other in pairs]),
        most(lambda run: run.anon_bytes, 2**20, 0),
        most(lambda run: run.read_bytes, 1e9),
        most(lambda run: run.sent_bytes, 1e9),
        most(lambda run: run.disk_bytes, 1, 0),
    )


if __name__ == "__main__":
    main()
