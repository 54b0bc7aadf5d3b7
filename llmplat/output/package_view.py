"""Turns a packaged model, or the plan of one, into lines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmplat.domain.units import format_size
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns
from llmplat.pack.preview import PackPreview
from llmplat.pack.wish import Packaged


def _packaged(done: Packaged) -> Mapping[str, Any]:
    report = done.report
    return {
        "source": done.source,
        "reference": done.reference,
        "digest": str(report.digest),
        "tag": done.tag,
        "mediaType": report.image.media_type,
        "isSigned": done.is_signed,
        "layers": [
            {
                "digest": str(layer.descriptor.digest),
                "sizeBytes": layer.descriptor.size_bytes,
                "sentBytes": layer.sent_bytes,
                "files": [file.path for file in layer.files],
            }
            for layer in report.layers
        ],
        "leftOut": list(report.left_out),
        "sentBytes": report.sent_bytes,
        "tookS": round(report.took_s, 3),
    }


def _preview_human(preview: PackPreview, theme: Theme) -> Iterator[str]:
    size = format_size(preview.size_bytes)
    yield theme.title(f"{preview.source} -> {preview.target}: {len(preview.layers)} layers, {size}")
    yield from columns([[f"  {name}", what, size] for name, what, size in _rows(preview)])
    for path in preview.left_out:
        yield theme.dim(f"  left out: {path}")


def _preview_plain(preview: PackPreview) -> Iterator[Sequence[object]]:
    for layer in preview.layers:
        yield "layer", layer.name, layer.files, layer.size_bytes
    for path in preview.left_out:
        yield "left-out", path


def _rows(preview: PackPreview) -> Iterator[tuple[str, str, str]]:
    for layer in preview.layers:
        files = "1 file" if layer.files == 1 else f"{layer.files} files"
        yield layer.name, files, format_size(layer.size_bytes)


PACKAGED: View[Packaged] = View(
    "PackagedModel",
    lambda done, _theme: [done.reference],
    lambda done: [(done.reference,)],
    _packaged,
)
PREVIEW: View[PackPreview] = View("PackagePreview", _preview_human, _preview_plain)
