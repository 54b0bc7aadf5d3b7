"""Pushes what Argo CD pulls: artifacts of trees and stand-in charts, by our own registry port."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from llmplat.adapters.oci_registry import open_registry
from llmplat.domain.oci import EMPTY, MANIFEST, Digest, Manifest, Reference, canonical_json
from llmplat.domain.registry import Blob
from tests.fakes.recording_progress import RecordingProgress

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
HELM_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def pack(files: Mapping[str, bytes]) -> bytes:
    """A gzipped tar of `files`: the same bytes for the same files."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", compresslevel=0, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def push_files(
    repository: str,
    files: Mapping[str, bytes],
    cache: Path,
    *,
    tag: str | None = None,
    media_type: str = LAYER,
    config: tuple[str, bytes] = (EMPTY, b"{}"),
) -> Digest:
    """Push `files` as one layer to `repository` (host/path); the manifest's digest."""
    content = pack(files)
    blobs = [Blob("config", config[0], (config[1],)), Blob("files", media_type, (content,))]
    registry = open_registry(Reference.parse(f"{repository}:x"), cache, {})
    pushed = registry.push_blobs(blobs, RecordingProgress())
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": pushed[0].descriptor.document(),
        "layers": [pushed[1].descriptor.document()],
    }
    return registry.push_manifest(Manifest(MANIFEST, canonical_json(document)), tag).digest


def chart_files(name: str, version: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a chart's archive: its own description, no values, and `files`."""
    made = {f"{name}/Chart.yaml": _describe(name, version), f"{name}/values.yaml": b"{}\n"}
    return made | {f"{name}/{path}": content for path, content in files.items()}


def push_chart(
    repository: str, name: str, version: str, files: Mapping[str, bytes], cache: Path
) -> Digest:
    """Push a real chart to <repository>/<name>:<version>, as `helm push` would."""
    return push_files(
        f"{repository}/{name}",
        chart_files(name, version, files),
        cache,
        # A tag has no plus sign; Helm writes an underscore instead.
        tag=version.replace("+", "_"),
        media_type=HELM_LAYER,
        config=(HELM_CONFIG, _describe(name, version)),
    )


def _describe(name: str, version: str) -> bytes:
    chart = {"apiVersion": "v2", "name": name, "version": version, "type": "application"}
    return json.dumps(chart).encode()
