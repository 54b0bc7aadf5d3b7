"""llmplat, moving ready blobs once, olot with skopeo and oci-modelcar, side by side on one registry.

    python tests/benchmarks/package_model.py [--gb 4] [--rounds 3]

Everything lies in memory-backed storage: five times the model's size must be free. Each round
measures all of them in turn, with an empty registry and empty caches; how is in
registry_push.py. The rivals (oci-modelcar 1.3.0, olot 1.2.1) are installed from the package index
into an environment of their own; skopeo is the system's. What is missing is said and left out.
oci-modelcar knows hubs only, so it reads from a hub on this machine, unthrottled: the row "hub" is
its whole way, "source cached" its second push, when it has the files already.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import registry_push
from registry_push import Bench, Run

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.fakes.real_registry import RealRegistry

_RIVALS = ("oci-modelcar==1.3.0", "olot==1.2.1")
_COMMIT = "c0ffee" * 6 + "abcd"


class SideBySide(Bench):
    """The rounds of registry_push.py, with the rivals in each."""

    def round(self, rows: dict[str, list[Run]]) -> None:
        """Ours, then theirs."""
        super().round(rows)
        tools = rivals()
        if tools is None:
            return
        if shutil.which("skopeo"):
            rows.setdefault("olot + skopeo", []).append(self._olot(tools))
        else:
            print("left out: olot + skopeo (no skopeo here)")
        hub, cached = self._modelcar(tools)
        rows.setdefault("oci-modelcar, hub", []).append(hub)
        rows.setdefault("oci-modelcar, source cached", []).append(cached)

    def hub(self, gb: float) -> None:
        """Not here: registry_push.py measures the way from a hub."""
        del gb

    def _olot(self, tools: Path) -> Run:
        layout = self.folder / "scratch" / "olot"
        write_base_layout(layout)
        files = [str(path) for path in sorted(self.model.iterdir())]
        copy = ["skopeo", "copy", "-q", "--preserve-digests", "--dest-tls-verify=false"]
        with self.registry() as registry:
            made = self.measure([str(tools / "olot"), str(layout), *files], None)
            place = f"docker://{registry.address}/team/olot:v1"
            sent = self.measure([*copy, f"oci:{layout}:latest", place], registry)
        shutil.rmtree(layout)
        return together(made, sent)

    def _modelcar(self, tools: Path) -> tuple[Run, Run]:
        spool = self.folder / "scratch" / "spool"
        env = {"HF_HOME": str(self.folder / "scratch" / "hf"), "HF_HUB_DISABLE_XET": "1"}

        def push(address: str, registry: RealRegistry) -> Run:
            words = [str(tools / "oci-modelcar"), "push", "--hf-repo", "org/tiny"]
            words += ["--hf-endpoint", address, "--registry", registry.address, "--quiet"]
            words += ["--target-repo", "team/car", "--target-tag", "v1", "--workers", "4"]
            return self.measure([*words, "--spool-dir", str(spool)], registry, env)

        with folder_hub(self.model) as address:
            with self.registry() as registry:
                first = push(address, registry)
            with self.registry() as registry:
                second = push(address, registry)
        shutil.rmtree(self.folder / "scratch")
        return first, second


def together(first: Run, second: Run) -> Run:
    """Two processes that do one job, one after the other."""
    return replace(
        second,
        wall_s=first.wall_s + second.wall_s,
        cpu_s=first.cpu_s + second.cpu_s,
        registry_cpu_s=first.registry_cpu_s + second.registry_cpu_s,
        anon_bytes=max(first.anon_bytes, second.anon_bytes),
        read_bytes=first.read_bytes + second.read_bytes,
        disk_bytes=max(first.disk_bytes, second.disk_bytes),
    )


def rivals() -> Path | None:
    """The folder of the rivals' programs, installed when they are not there yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "llmplat-test-tools" / "rivals"
    if not (folder / "bin" / "olot").is_file():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *_RIVALS]
        if subprocess.run(pip, check=False).returncode:
            print("left out: oci-modelcar and olot (they cannot be installed here)")
            return None
    return folder / "bin"


def write_base_layout(folder: Path) -> None:
    """An image of one empty layer named latest: olot puts its layers upon it."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    kind = "application/vnd.oci.image."

    def put(content: dict[str, object] | bytes, media_type: str) -> dict[str, object]:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        name = hashlib.sha256(data).hexdigest()
        (blobs / name).write_bytes(data)
        return {"mediaType": kind + media_type, "digest": f"sha256:{name}", "size": len(data)}

    layer = put(bytes(1024), "layer.v1.tar")
    rootfs = {"type": "layers", "diff_ids": [layer["digest"]]}
    facts = {"architecture": "amd64", "os": "linux", "history": [{"created_by": "base"}]}
    config = put({**facts, "rootfs": rootfs}, "config.v1+json")
    head = {"schemaVersion": 2, "mediaType": f"{kind}manifest.v1+json"}
    manifest = put({**head, "config": config, "layers": [layer]}, "manifest.v1+json")
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    index = {"schemaVersion": 2, "manifests": [manifest]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


@dataclass(frozen=True)
class HubFile:
    """One file as the hub states it."""

    path: Path
    sha256: str

    def entry(self) -> dict[str, object]:
        """As the hub's listing of a folder has it."""
        size = self.path.stat().st_size
        lfs = {"oid": self.sha256, "size": size, "pointerSize": 134}
        made: dict[str, object] = {"type": "file", "path": self.path.name, "size": size}
        made["oid"] = "0" * 40
        return made | ({"lfs": lfs} if self.path.suffix == ".safetensors" else {})


@contextmanager
def folder_hub(folder: Path) -> Iterator[str]:
    """A hub that serves `folder` as org/tiny from the disk, as fast as it can; gives its address."""
    files = {path.name: HubFile(path, file_sha256(path)) for path in folder.iterdir()}
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Handler", (_HubHandler,), {"files": files})
    )
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _HubHandler(BaseHTTPRequestHandler):
    files: dict[str, HubFile]
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if "/tree/" in path:
            self._say(200, json.dumps([file.entry() for file in self.files.values()]).encode())
        elif path.startswith("/api/models/"):
            info = {"id": "org/tiny", "modelId": "org/tiny", "sha": _COMMIT, "siblings": []}
            self._say(200, json.dumps(info).encode())
        elif (name := path.rpartition("/")[2]) in self.files:
            self._send(self.files[name])
        else:
            self._say(404, b"{}")

    def _send(self, file: HubFile) -> None:
        size = file.path.stat().st_size
        start, end = 0, size
        if asked := self.headers.get("Range"):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), int(last) + 1 if last else size
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(end - start))
        self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("ETag", f'"{file.sha256}"')
        self.send_header("X-Repo-Commit", _COMMIT)
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if self.command == "GET":
            with file.path.open("rb") as source:
                self.connection.sendfile(source, start, end - start)

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def file_sha256(path: Path) -> str:
    """Of one file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    registry_push.Bench = SideBySide
    registry_push.main()
