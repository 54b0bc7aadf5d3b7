"""A finished image -> its bill of materials, provenance and signature, attached to it."""

from collections.abc import Callable
from dataclasses import dataclass

from llmplat.domain.oci import EMPTY, MANIFEST, Descriptor, Digest, Manifest, canonical_json
from llmplat.domain.ports import Progress
from llmplat.domain.registry import Blob, Registry
from llmplat.domain.signing import Signer
from llmplat.pack import statement
from llmplat.pack.described import About, Described, DescribedFile
from llmplat.pack.provenance import make_provenance
from llmplat.pack.request import PackReport
from llmplat.pack.sbom import make_sbom
from llmplat.pack.signature import BUNDLE, PAYLOAD, sign_statement

CYCLONEDX = "application/vnd.cyclonedx+json"
PREDICATE = "dev.sigstore.bundle.predicateType"
_CONTENT = "dev.sigstore.bundle.content"
_NOTHING = b"{}"
"""The empty config that the image specification names for artifacts."""


@dataclass(frozen=True)
class Document:
    """Something that is attached to an image."""

    media_type: str
    content: bytes
    predicate_type: str
    title: str


def make_attach(
    about: About, registry: Registry, signer: Signer | None, progress: Progress
) -> Callable[[PackReport], None]:
    """What `package` calls before the tag: describes the image, signs when there is a `signer`."""

    def attach(report: PackReport) -> None:
        title = "Describe the image" if signer is None else "Describe and sign the image"
        with progress.step(title) as step:
            documents = make_documents(describe(report, about), signer)
            attach_documents(documents, report.image, registry, progress)
            step.detail(", ".join(document.title for document in documents))

    return attach


def describe(report: PackReport, about: About) -> Described:
    """What packaging has found out, as the documents tell it."""
    files = tuple(
        DescribedFile(file.path, file.member.size_bytes, file.sha256, layer.descriptor.digest)
        for layer in report.layers
        for file in layer.files
    )
    layers = tuple(layer.descriptor for layer in report.layers)
    return Described(about, report.digest, layers, files)


def make_documents(image: Described, signer: Signer | None) -> tuple[Document, ...]:
    """Bill of materials and provenance; with a `signer` signed, and a signature of the image.

    The bill of materials is there as it is too: scanners look for it and read no bundles.
    """
    name = image.about.repository
    sbom, provenance = make_sbom(image), make_provenance(image)
    claims = [
        (statement.PROVENANCE, provenance, "provenance"),
        (statement.SBOM, sbom, "bill of materials"),
    ]
    documents = [Document(CYCLONEDX, canonical_json(sbom), statement.SBOM, "bill of materials")]
    if signer is not None:
        claims.append((statement.SIGNATURE, {}, "signature"))
    for kind, predicate, title in claims:
        text = statement.write_statement(name, statement.Statement(image.digest, kind, predicate))
        if signer is not None:
            documents.append(Document(BUNDLE, sign_statement(text, signer), kind, title))
        elif kind == statement.PROVENANCE:
            documents.append(Document(PAYLOAD, text, kind, title))
    return tuple(documents)


def attach_documents(
    documents: tuple[Document, ...], subject: Descriptor, registry: Registry, progress: Progress
) -> None:
    """Store `documents` and name `subject` in each; those that are listed already stay as they are."""
    there = {entry.digest for entry in registry.referrers(subject.digest)}
    made = {one: make_artifact(one, subject) for one in documents}
    new = {one: artifact for one, artifact in made.items() if artifact.digest not in there}
    if not new:
        return
    blobs = [Blob("nothing", EMPTY, (_NOTHING,), digest=Digest.of(_NOTHING))]
    blobs += [
        Blob(one.title, one.media_type, (one.content,), digest=Digest.of(one.content))
        for one in new
    ]
    registry.push_blobs(blobs, progress)
    for artifact in new.values():
        registry.attach(artifact, subject.digest)


def make_artifact(document: Document, subject: Descriptor) -> Manifest:
    """The manifest that attaches `document` to `subject`."""
    annotations = {PREDICATE: document.predicate_type}
    if document.media_type == BUNDLE:
        annotations[_CONTENT] = "dsse-envelope"
    content = Descriptor(
        document.media_type, Digest.of(document.content), len(document.content)
    ).document()
    body = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": document.media_type,
        "config": Descriptor(EMPTY, Digest.of(_NOTHING), len(_NOTHING)).document(),
        "layers": [content],
        "subject": Descriptor(subject.media_type, subject.digest, subject.size_bytes).document(),
        "annotations": annotations,
    }
    return Manifest(MANIFEST, canonical_json(body))
