"""The archive of a chart on a web server -> the same chart as a registry keeps it: always the same bytes."""

import io
import tarfile
from dataclasses import dataclass

import yaml

from llmplat.domain.errors import DownloadError
from llmplat.domain.foreign_text import parse_yaml
from llmplat.domain.oci import MANIFEST, Descriptor, Digest, Manifest, canonical_json
from llmplat.domain.registry import Blob, Registry

CONFIG_TYPE = "application/vnd.cncf.helm.config.v1+json"
ARCHIVE_TYPE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
ARCHIVE_DIGEST = "dev.llmplat.chart.archive"
"""Annotation: the digest of the archive, which is what a web server's index states."""


@dataclass(frozen=True)
class ChartArtifact:
    """What is pushed."""

    manifest: Manifest
    blobs: tuple[Blob, ...]

    @property
    def size_bytes(self) -> int:
        """Of all of it."""
        return len(self.manifest.content) + sum(blob.size_bytes for blob in self.blobs)


def make_chart_artifact(archive: bytes, name: str) -> ChartArtifact:
    """The chart of `archive` as an OCI artifact; DownloadError for bytes that are no chart."""
    config = canonical_json(_facts(archive, name))
    blobs = (
        Blob(f"config of {name}", CONFIG_TYPE, (config,), digest=Digest.of(config)),
        Blob(name, ARCHIVE_TYPE, (archive,), digest=Digest.of(archive)),
    )
    parts = [Descriptor(b.media_type, Digest.of(_bytes(b)), b.size_bytes).document() for b in blobs]
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": parts[0],
        "layers": parts[1:],
        "annotations": {ARCHIVE_DIGEST: str(Digest.of(archive))},
    }
    return ChartArtifact(Manifest(MANIFEST, canonical_json(document)), blobs)


def archive_digest(registry: Registry, name: str) -> str | None:
    """The digest of the archive that the chart `name` in `registry` was made from, if it says."""
    found = registry.find_manifest(name)
    annotations = found.document.get("annotations") if found is not None else None
    return annotations.get(ARCHIVE_DIGEST) if isinstance(annotations, dict) else None


def _facts(archive: bytes, name: str) -> dict[str, object]:
    """Chart.yaml of the archive, which Helm keeps as the artifact's config."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as files:
            paths = [one for one in files.getnames() if one.count("/") == 1]
            path = next(one for one in paths if one.endswith("/Chart.yaml"))
            content = files.extractfile(path)
            facts = parse_yaml(content.read() if content else b"")
    except (tarfile.TarError, OSError, EOFError, StopIteration, yaml.YAMLError) as error:
        raise _no_chart(name, f"{type(error).__name__}: {error}") from error
    if not isinstance(facts, dict):
        raise _no_chart(name, "its Chart.yaml holds no mapping")
    return {str(key): value for key, value in facts.items()}


def _bytes(blob: Blob) -> bytes:
    return b"".join(piece for piece in blob.pieces if isinstance(piece, bytes))


def _no_chart(name: str, why: str) -> DownloadError:
    return DownloadError(
        f"What came for {name} is no chart.", why=why, fix=("run the same command again",)
    )
