"""What is attached to an image -> claims about it, and whether the image bears each of them out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmplat.domain.errors import LlmplatError
from llmplat.domain.foreign_text import parse_json
from llmplat.domain.oci import Digest
from llmplat.domain.signing import Verifier
from llmplat.pack.attach import CYCLONEDX
from llmplat.pack.attached import Attached
from llmplat.pack.described import DescribedFile
from llmplat.pack.image_check import ImageCheck
from llmplat.pack.layer_reader import LayerRead
from llmplat.pack.provenance import files_of, layers_of
from llmplat.pack.sbom import files_of_sbom, image_of_sbom
from llmplat.pack.signature import BUNDLE, PAYLOAD, read_bundle
from llmplat.pack.statement import PROVENANCE, SBOM, SIGNATURE, Statement, read_statement

NAMES = {SIGNATURE: "signature", PROVENANCE: "provenance", SBOM: "bill of materials"}


@dataclass(frozen=True)
class Claim:
    """One statement about the image, and who vouches for it."""

    digest: Digest
    """Of the manifest that attaches it."""
    statement: Statement
    is_signed: bool
    """By the key that was given."""

    @property
    def name(self) -> str:
        """For people."""
        name = NAMES.get(self.statement.predicate_type, self.statement.predicate_type)
        return f"signed {name}" if self.is_signed else name


def read_claims(
    attached: Sequence[Attached], verifier: Verifier | None
) -> tuple[tuple[Claim, ...], tuple[ImageCheck, ...]]:
    """The claims among `attached`, and a failed check for each that is broken or not what it says.

    Bundles of other keys and documents of other kinds are passed over: anybody may attach them.
    """
    claims: list[Claim] = []
    broken: list[ImageCheck] = []
    for one in attached:
        try:
            claim = _claim(one, verifier)
        except (ValueError, LlmplatError) as exc:
            broken.append(ImageCheck(_kind(one), f"attached {one.digest}", str(exc)))
        else:
            claims += [claim] if claim is not None else []
    return tuple(claims), tuple(broken)


def check_claim(
    claim: Claim, image: Digest, layers: Sequence[Digest], contents: Mapping[Digest, LayerRead]
) -> ImageCheck:
    """Whether `claim` is borne out by the model `layers` of `image` and what they hold."""
    try:
        problem = _problem(claim.statement, image, layers, contents)
    except (ValueError, LlmplatError) as exc:
        problem = str(exc)
    return ImageCheck(claim.name, f"attached {claim.digest}", problem)


def _claim(one: Attached, verifier: Verifier | None) -> Claim | None:
    if one.problem is not None:
        raise ValueError(one.problem)
    if one.media_type == CYCLONEDX:
        document = parse_json(one.content)
        return Claim(
            one.digest, Statement(image_of_sbom(document), SBOM, document), is_signed=False
        )
    if one.media_type == PAYLOAD:
        return Claim(one.digest, read_statement(one.content), is_signed=False)
    if one.media_type == BUNDLE:
        return _signed(one, verifier)
    return None


def _signed(one: Attached, verifier: Verifier | None) -> Claim | None:
    bundle = read_bundle(one.content)
    if verifier is None:
        return Claim(one.digest, read_statement(bundle.payload), is_signed=False)
    if bundle.is_by(verifier):
        return Claim(one.digest, read_statement(bundle.payload), is_signed=True)
    if bundle.hint == verifier.hint:
        msg = "it names the key given, and that key did not sign what it says: edited afterwards"
        raise ValueError(msg)
    return None


def _problem(
    statement: Statement,
    image: Digest,
    layers: Sequence[Digest],
    contents: Mapping[Digest, LayerRead],
) -> str | None:
    if statement.subject != image:
        return f"it speaks of another image, {statement.subject}"
    if statement.predicate_type == PROVENANCE:
        named = layers_of(statement.predicate)
        if named != tuple(layers):
            return _other_layers(named, layers)
        return _other_files(files_of(statement.predicate), layers, contents)
    if statement.predicate_type == SBOM:
        return _other_files(files_of_sbom(statement.predicate), layers, contents)
    return None


def _other_layers(named: Sequence[Digest], layers: Sequence[Digest]) -> str:
    for index, (said, found) in enumerate(zip(named, layers, strict=False)):
        if said != found:
            return f"its layer {index} is {said}, the image's is {found}"
    return f"it names {len(named)} layers, the image has {len(layers)}"


def _other_files(
    stated: Sequence[DescribedFile],
    layers: Sequence[Digest],
    contents: Mapping[Digest, LayerRead],
) -> str | None:
    if not all(layer in contents and contents[layer].digest == layer for layer in layers):
        return None  # a layer that cannot be read or was changed is a finding of its own
    found = {(layer, file.path): file for layer in layers for file in contents[layer].files}
    for file in stated:
        real = found.pop((file.layer, file.path), None)
        if real is None:
            return f"it names {file.path}, which is not in the layer {file.layer}"
        if real.size_bytes != file.size_bytes:
            return f"it says {file.path} has {file.size_bytes} bytes, it has {real.size_bytes}"
        if file.sha256 is not None and real.sha256 != file.sha256:
            return f"it says {file.path} has sha256 {file.sha256}, it has {real.sha256}"
    return f"it does not name {next(iter(found))[1]}, which is in the image" if found else None


def _kind(one: Attached) -> str:
    kinds = {BUNDLE: "signature bundle", PAYLOAD: "provenance", CYCLONEDX: "bill of materials"}
    return kinds.get(one.media_type, f"attached {one.media_type or 'document'}")
