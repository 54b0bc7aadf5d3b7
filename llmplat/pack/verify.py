"""An image in a registry -> a check of every byte, document and signature, each with its place."""

from collections.abc import Iterator, Sequence

from llmplat.domain.errors import LlmplatError
from llmplat.domain.oci import Descriptor, Digest, Reference
from llmplat.domain.ports import Progress, StepProgress
from llmplat.domain.registry import Registry
from llmplat.domain.signing import Verifier
from llmplat.pack.attached import Attached, read_attached
from llmplat.pack.claims import NAMES, Claim, check_claim, read_claims
from llmplat.pack.image import Image, PlatformImage, read_image
from llmplat.pack.image_check import ImageCheck, ImageChecks
from llmplat.pack.image_plan import FILE_ANNOTATION
from llmplat.pack.layer_reader import LayerRead, read_layer
from llmplat.pack.statement import PROVENANCE, SBOM, SIGNATURE

_EXPECTED = (SIGNATURE, PROVENANCE, SBOM)
"""What `--sign` attaches; with a key, each must be there and by that key."""


def verify_image(
    registry: Registry, reference: Reference, verifier: Verifier | None, progress: Progress
) -> ImageChecks:
    """Read all of the image and compare it with what its manifest and its documents say.

    With a `verifier`, signature, provenance and bill of materials must be there and signed by it.

    Raises:
        InputError: there is no such image.
        RegistryError: the registry cannot be read.
    """
    image = read_image(registry, reference)
    checks = [check for one in image.platforms for check in _config_checks(one)]
    with progress.step(f"Read {image.reference}") as step:
        contents = _read_layers(registry, image, step, checks)
    model_layers = _model_layers(image, contents)
    attached = read_attached(registry, image.top.digest)
    claims, broken = read_claims(attached, verifier)
    checks += broken
    checks += [check_claim(one, image.top.digest, model_layers, contents) for one in claims]
    if verifier is not None:
        checks += _missing(claims, attached, image)
    return ImageChecks(str(image.reference), image.top.digest, verifier is not None, tuple(checks))


def _config_checks(platform: PlatformImage) -> Iterator[ImageCheck]:
    where = f"config {platform.config_descriptor.digest} ({platform.platform})"
    stated = platform.diff_ids
    problem = None
    if len(stated) != len(platform.layers):
        problem = f"it names {len(stated)} layers, the manifest {len(platform.layers)}"
    for layer, diff_id in zip(platform.layers, stated, strict=False):
        if layer.media_type.endswith(".tar") and str(layer.digest) != diff_id:
            problem = f"it says {diff_id} where the manifest has the layer {layer.digest}"
    yield ImageCheck("manifest and config name the same layers", where, problem)


def _read_layers(
    registry: Registry, image: Image, step: StepProgress, checks: list[ImageCheck]
) -> dict[Digest, LayerRead]:
    total = sum(layer.size_bytes for layer in image.layers)
    done, contents = 0, {}

    def count(arrived: int) -> None:
        nonlocal done
        done += arrived
        step.advance(done, total)

    for index, layer in enumerate(image.layers):
        where = _place(index, layer)
        try:
            content = read_layer(registry.stream_blob(layer.digest), on_bytes=count)
        except LlmplatError as error:
            checks.append(ImageCheck("layer", where, error.why or error.what))
            continue
        contents[layer.digest] = content
        checks.append(ImageCheck("layer", where, _layer_problem(layer, content)))
    return contents


def _layer_problem(layer: Descriptor, content: LayerRead) -> str | None:
    if content.size_bytes != layer.size_bytes:
        return f"it has {content.size_bytes} bytes, the manifest says {layer.size_bytes}"
    if content.digest != layer.digest:
        return f"its bytes are those of {content.digest}: changed after it was pushed"
    return content.problem


def _model_layers(image: Image, contents: dict[Digest, LayerRead]) -> tuple[Digest, ...]:
    """Layers that hold the model: a base's own hold nothing below models/."""
    return tuple(
        layer.digest
        for layer in image.layers
        if FILE_ANNOTATION in dict(layer.annotations)
        or (layer.digest in contents and contents[layer.digest].files)
    )


def _missing(
    claims: Sequence[Claim], attached: Sequence[Attached], image: Image
) -> Iterator[ImageCheck]:
    signed = {claim.statement.predicate_type for claim in claims if claim.is_signed}
    for kind in _EXPECTED:
        if kind not in signed:
            why = f"none by this key is attached ({len(attached)} attached in all)"
            yield ImageCheck(f"signed {NAMES[kind]}", str(image.reference), why)


def _place(index: int, layer: Descriptor) -> str:
    name = dict(layer.annotations).get(FILE_ANNOTATION)
    return f"layer {index} {layer.digest}" + (f" ({name})" if name else "")
