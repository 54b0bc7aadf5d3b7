"""Turns what an image is, what checking it found, or what was pulled into lines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from llmplat.domain.oci import Digest
from llmplat.domain.units import format_size
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns
from llmplat.pack.image_check import ImageCheck, ImageChecks
from llmplat.pack.inspect import InspectReport
from llmplat.pack.layer_reader import LayerFile


class Pulled(Protocol):
    """What pulling hands over."""

    @property
    def folder(self) -> object:
        """Where the files are."""
        ...

    @property
    def reference(self) -> str:
        """The image, by its digest."""
        ...

    @property
    def digest(self) -> Digest:
        """Of the image."""
        ...

    @property
    def files(self) -> tuple[LayerFile, ...]:
        """Sorted by path."""
        ...

    @property
    def received_bytes(self) -> int:
        """In this run."""
        ...


def _inspected_human(report: InspectReport, theme: Theme) -> Iterator[str]:
    yield theme.title(report.reference)
    yield f"{', '.join(report.platforms)}; {len(report.layers)} layers, {format_size(report.size_bytes)}"
    yield from columns([[f"  {k}", v] for k, v in sorted(report.annotations.items())])
    yield "layers:"
    yield from columns(
        [
            [f"  {layer.digest.hex[:12]}", format_size(layer.size_bytes), layer.name or "-"]
            for layer in report.layers
        ]
    )
    yield "attached:" if report.attached else "attached: nothing"
    yield from columns(
        [[f"  {a.digest.hex[:12]}", a.media_type, a.predicate_type or "-"] for a in report.attached]
    )


def _inspected_plain(report: InspectReport) -> Iterator[Sequence[object]]:
    yield "image", report.reference, report.size_bytes
    for platform in report.platforms:
        yield "platform", platform
    for name, value in sorted(report.annotations.items()):
        yield "annotation", name, value
    for layer in report.layers:
        yield "layer", layer.digest, layer.size_bytes, layer.media_type, layer.name
    for one in report.attached:
        yield "attached", one.digest, one.media_type, one.predicate_type


def _inspected(report: InspectReport) -> Mapping[str, Any]:
    return {
        "reference": report.reference,
        "digest": str(report.digest),
        "platforms": list(report.platforms),
        "sizeBytes": report.size_bytes,
        "layers": [
            {
                "digest": str(layer.digest),
                "sizeBytes": layer.size_bytes,
                "mediaType": layer.media_type,
                "name": layer.name,
            }
            for layer in report.layers
        ],
        "annotations": report.annotations,
        "attached": [
            {
                "digest": str(one.digest),
                "mediaType": one.media_type,
                "predicateType": one.predicate_type,
            }
            for one in report.attached
        ],
    }


def _checked_human(checks: ImageChecks, theme: Theme) -> Iterator[str]:
    for check in checks.checks:
        yield theme.state("failed" if check.problem else "ok", f"{check.what}: {check.where}")
        if check.problem:
            yield f"    {check.problem}"
    yield theme.title(f"{checks.reference}: {_outcome(checks)}")


def _checked_plain(checks: ImageChecks) -> Iterator[Sequence[object]]:
    for check in checks.checks:
        yield _state(check), check.what, check.where, check.problem
    yield "image", checks.reference, _outcome(checks)


def _checked(checks: ImageChecks) -> Mapping[str, Any]:
    return {
        "reference": checks.reference,
        "digest": str(checks.digest),
        "isSignatureChecked": checks.is_signature_checked,
        "failed": len(checks.failed),
        "checks": checks.checks,
    }


def _state(check: ImageCheck) -> str:
    return "failed" if check.problem else "ok"


def _outcome(checks: ImageChecks) -> str:
    count = len(checks.failed)
    if count:
        return f"{count} of {len(checks.checks)} checks failed"
    signed = "signature included" if checks.is_signature_checked else "no key given"
    return f"all {len(checks.checks)} checks held, {signed}"


def _pulled(pulled: Pulled) -> Mapping[str, Any]:
    return {
        "folder": str(pulled.folder),
        "reference": pulled.reference,
        "digest": str(pulled.digest),
        "receivedBytes": pulled.received_bytes,
        "files": list(pulled.files),
    }


INSPECTED: View[InspectReport] = View("ModelImage", _inspected_human, _inspected_plain, _inspected)
CHECKED: View[ImageChecks] = View("ModelVerification", _checked_human, _checked_plain, _checked)
PULLED: View[Pulled] = View(
    "PulledModel",
    lambda pulled, _theme: [str(pulled.folder)],
    lambda pulled: [(pulled.folder,)],
    _pulled,
)
