"""A registry with everything a platform fetches under made-up content, and a web server with a chart."""

import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import yaml

from llmplat.adapters.oci_registry import open_registry
from llmplat.catalog.load import load_catalog
from llmplat.domain.oci import (
    CONFIG,
    INDEX,
    LAYER_TAR,
    MANIFEST,
    Descriptor,
    Digest,
    Manifest,
    Reference,
    canonical_json,
)
from llmplat.domain.registry import Blob
from tests.fakes.recording_progress import RecordingProgress

HOME = Path(__file__).parents[2]
EXAMPLES = HOME / "docs" / "examples"
CLI = Path(__file__).with_name("mirror_cli.py")
CATALOG = load_catalog(HOME)
MIB = 1024**2


@dataclass
class MirrorWorld:
    """Where things are published, where they are to go, and the platform that wants them."""

    folder: Path
    origin: str
    """host:port of the registry that stands for the internet."""
    mirror: str
    """host:port of the one behind the gap."""
    web: str = ""
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    asked: list[str] = field(default_factory=list)
    """Paths that the web server was asked for."""

    @property
    def file(self) -> Path:
        return self.folder / "platform.yaml"

    @property
    def lock_file(self) -> Path:
        return self.folder / "platform.lock.yaml"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(CLI), f"{self.origin}/net", self.web, "--", *words,
                "-f", str(self.file)]  # fmt: skip

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words), env=self.env, capture_output=True, text=True, check=False
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words),
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    @property
    def env(self) -> dict[str, str]:
        homes = {name: str(self.folder / name) for name in ("LLMPLAT_STATE_HOME",)}
        cache = {"LLMPLAT_CACHE_HOME": str(self.folder / "cache"), "HOME": str(self.folder)}
        return {"PATH": os.environ["PATH"], **homes, **cache}

    def report(self, *words: str) -> tuple[int, dict]:
        done = self.run(*words, "-o", "json")
        return done.returncode, json.loads(done.stdout or done.stderr.splitlines()[-1])

    def open(self, text: str):
        return open_registry(Reference.parse(text), self.folder / "test-cache", {})

    def publish(self, reference: str, *, platforms: int = 1, layer_bytes: int = 4096) -> Digest:
        """An image of random bytes; of several platforms with an attestation, as BuildKit makes them."""
        place = Reference.parse(reference)
        registry = self.open(reference)
        made = [self._image(registry, layer_bytes, n) for n in range(platforms)]
        top = made[0]
        if platforms > 1:
            made.append(self._image(registry, 512, platforms))
            entries = [
                Descriptor(
                    one.media_type, one.digest, len(one.content),
                    platform=(("architecture", name), ("os", system)),
                ).document()
                for one, (name, system) in zip(
                    made,
                    [*((f"arch{n}", "linux") for n in range(platforms)), ("unknown", "unknown")],
                    strict=True,
                )
            ]  # fmt: skip
            document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
            top = Manifest(INDEX, canonical_json(document))
        registry.push_manifest(top, place.tag)
        return top.digest

    def _image(self, registry, layer_bytes: int, number: int) -> Manifest:
        config = canonical_json({"architecture": f"arch{number}", "os": "linux"})
        layer = self.chance.randbytes(layer_bytes)
        blobs = [Blob("config", CONFIG, (config,)), Blob("layer", LAYER_TAR, (layer,))]
        pushed = registry.push_blobs(blobs, RecordingProgress())
        parts = [one.descriptor.document() for one in pushed]
        document = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": parts[0], "layers": parts[1:]}  # fmt: skip
        manifest = Manifest(MANIFEST, canonical_json(document))
        registry.push_manifest(manifest)
        return manifest

    def write_platform(self, model: Digest) -> None:
        """The smallest example behind the mirror, its model packaged and locked long before."""
        document = yaml.safe_load((EXAMPLES / "cluster-smallest.yaml").read_text("utf-8"))
        document["modelRepository"] = f"{self.origin}/team/models"
        document["gitops"] = {"oci": {"repository": f"{self.mirror}/platform"}}
        document["mirror"] = {"registry": f"{self.mirror}/kept"}
        self.file.write_text(yaml.safe_dump(document))
        lock = yaml.safe_load((EXAMPLES / "cluster-smallest.lock.yaml").read_text("utf-8"))
        lock["models"][0]["image"] = f"{self.origin}/team/models/qwen3-small@{model}"
        self.lock_file.write_text(yaml.safe_dump({**lock, "charts": [], "images": []}))

    def publish_all(self, *, large_bytes: int = MIB) -> None:
        """Everything that `mirror list` names, some of several platforms, three of them large."""
        model = self.publish(f"{self.origin}/team/models/qwen3-small:v1", layer_bytes=large_bytes)
        self.write_platform(model)
        code, listed = self.report("mirror", "list")
        assert code == 0, listed
        for number, thing in enumerate(listed["things"]):
            if thing["kind"] != "model" and not thing["origin"].startswith("http"):
                size = large_bytes if number % 12 == 5 else 4096
                self.publish(thing["origin"], platforms=1 + number % 3, layer_bytes=size)

    def digests(self, reference: str) -> dict[str, str]:
        """Every manifest and blob below `reference`, read and hashed."""
        from llmplat.apply.mirror_artifact import read_artifact

        place = Reference.parse(reference)
        registry = self.open(reference)
        artifact = read_artifact(registry, place.tag or str(place.digest))
        found = {str(artifact.top.digest): artifact.top.media_type}
        found |= {str(one.digest): one.media_type for one in artifact.below}
        for blob in artifact.blobs:
            content = b"".join(registry.stream_blob(blob.digest))
            assert hashlib.sha256(content).hexdigest() == blob.digest.hex
            found[str(blob.digest)] = blob.media_type
        return found


@contextmanager
def mirror_world(folder: Path, origin: str, mirror: str) -> Iterator[MirrorWorld]:
    """A world between two registries, until the block ends."""
    world = MirrorWorld(folder, origin, mirror)
    with _web(folder / "web", world.asked) as address:
        world.web = address
        yield world


@contextmanager
def _web(folder: Path, asked: list[str]) -> Iterator[str]:
    """A chart repository on a plain web server."""
    folder.mkdir(parents=True)
    chart = make_chart("keda", CATALOG.components["keda"].version.pinned)
    name = f"keda-{CATALOG.components['keda'].version.pinned}.tgz"
    (folder / name).write_bytes(chart)
    entry = {"version": CATALOG.components["keda"].version.pinned, "urls": [name],
             "digest": hashlib.sha256(chart).hexdigest()}  # fmt: skip
    (folder / "index.yaml").write_text(yaml.safe_dump({"entries": {"keda": [entry]}}))

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_words: object) -> None:
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def make_chart(name: str, version: str) -> bytes:
    """The archive of a chart with nothing in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as files:
        text = yaml.safe_dump({"apiVersion": "v2", "name": name, "version": version}).encode()
        facts = tarfile.TarInfo(f"{name}/Chart.yaml")
        facts.size = len(text)
        files.addfile(facts, io.BytesIO(text))
    return buffer.getvalue()
