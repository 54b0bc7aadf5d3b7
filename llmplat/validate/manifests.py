"""Manifests -> a report: schemas, chart values, then the checks; all faults at once."""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from llmplat.domain.errors import Finding, Severity
from llmplat.domain.manifest import Manifest
from llmplat.validate.documents import Document, read_all
from llmplat.validate.kinds import Kinds
from llmplat.validate.lint import run_lints
from llmplat.validate.naming import check_names
from llmplat.validate.objects import Objects
from llmplat.validate.positions import Positions
from llmplat.validate.schemas import CRD, check_schemas
from llmplat.validate.values import check_values


@dataclass(frozen=True)
class ManifestReport:
    """What was found in a tree of manifests."""

    target: str
    """The folder, the file or the platform that was checked."""
    kubernetes: str
    files: int
    objects: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Those that must not reach a cluster."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Those to look at."""
        return tuple(f for f in self.findings if f.severity is Severity.WARNING)


def check_manifests(target: str, manifests: Sequence[Manifest], kubernetes: str) -> ManifestReport:
    """Everything there is to say about `manifests` on Kubernetes `kubernetes` ("1.36").

    Raises InputError when the schemas of that version are not shipped.
    """
    positions = Positions(manifests)
    documents, findings = check_structure(manifests, kubernetes, positions)
    objects = Objects(documents)
    findings += check_values(objects, positions)
    findings += run_lints(objects, positions)
    return ManifestReport(
        target=target,
        kubernetes=kubernetes,
        files=len(manifests),
        objects=len(objects.all),
        findings=tuple(sorted(_once(findings), key=_place)),
    )


def check_structure(
    manifests: Sequence[Manifest], kubernetes: str, positions: Positions
) -> tuple[list[Document], list[Finding]]:
    """The documents, and what reading them and their schemas say: the part that takes time."""
    with _without_collector():
        documents, findings = read_all(manifests)
        crds = [one.document for one in Objects(documents).of_name(CRD)]
        kinds = Kinds(kubernetes, crds)
        findings += check_schemas(documents, kinds, positions)
        findings += check_names(documents, kinds, positions)
    return documents, findings


@contextmanager
def _without_collector() -> Iterator[None]:
    """No garbage collection meanwhile: plain values have no cycles, and it takes a quarter more."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _once(findings: Iterable[Finding]) -> Iterable[Finding]:
    return dict.fromkeys(findings)


def _place(finding: Finding) -> tuple[str, int, int, str]:
    where = finding.where
    return (where.file, where.line, where.column, finding.code) if where else ("", 0, 0, "")
