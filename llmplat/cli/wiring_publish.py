"""The composition root of `package:` in a platform file: a model published, or signed later."""

from pathlib import Path
from typing import TYPE_CHECKING

from llmplat.cli.run import Run
from llmplat.domain.errors import InputError, PreconditionError
from llmplat.domain.mirror import ANYWHERE, FetchFrom
from llmplat.pack.wish import PackWish

if TYPE_CHECKING:
    from llmplat.apply.lock import Published
    from llmplat.domain.model_record import ModelRecord
    from llmplat.domain.signing import Signer
    from llmplat.spec.model import Model

KEY_NAME = "LLMPLAT_SIGNING_KEY"


def publish(
    run: Run,
    model: "Model",
    record: "ModelRecord",
    held: "Published | None",
    fetch: FetchFrom = ANYWHERE,
) -> "Published":
    """Publish `model` as the platform file asks, exactly as `record` found it.

    `held` is its image where the lock has one: only a signature that it lacks is attached then.
    """
    package = model.package
    if package is None:
        raise InputError(f"The model {model.name} is not one to be packaged.")
    if held is None:
        return _package(run, model, record, fetch)
    is_enough = held.signed_by is not None and not run.env.get(KEY_NAME)
    if not package.sign or is_enough:
        return held
    return _sign(run, model, record, held, fetch)


def _package(run: Run, model: "Model", record: "ModelRecord", fetch: FetchFrom) -> "Published":
    from llmplat.apply.lock import Published
    from llmplat.cli.wiring_images import package_model, signer_of

    wish = _wish(run, model, record, fetch)
    signer = None if wish.sign is None else signer_of(run, wish.sign)
    return Published(package_model(run, wish).reference, signer.hint if signer else None)


def _sign(
    run: Run, model: "Model", record: "ModelRecord", held: "Published", fetch: FetchFrom
) -> "Published":
    from llmplat.apply.lock import Published
    from llmplat.cli.wiring_images import signer_of

    wish = _wish(run, model, record, fetch)
    signer = signer_of(run, _key(run, model))
    if signer.hint == held.signed_by:
        return held
    if not _attach(run, wish, held.image, signer):
        return _package(run, model, record, fetch)
    return Published(held.image, signer.hint)


def _attach(run: Run, wish: PackWish, reference: str, signer: "Signer") -> bool:
    """Sign the image and what describes it; False when its layers are not those of the files."""
    from llmplat.cli.wiring_images import about_of, open_repository, request_of, stopping
    from llmplat.domain.oci import Reference
    from llmplat.pack.attach import make_attach
    from llmplat.pack.describe_again import describe_again
    from llmplat.pack.image import read_image

    place = Reference.parse(reference)
    with stopping() as stop:
        registry = open_repository(run, place, stop)
        found, request = request_of(run, wish, stop)
        report = describe_again(read_image(registry, place), request)
        if report is None:
            return False
        about = about_of(found, request, registry.name, wish)
        make_attach(about, registry, signer, run.emitter)(report)
    return True


def _wish(run: Run, model: "Model", record: "ModelRecord", fetch: FetchFrom) -> PackWish:
    """The tag is made of the files' digest, so that it never has to be moved."""
    package, source = model.package, model.source
    if package is None or source is None:
        raise InputError(f"The model {model.name} is not one to be packaged.")
    if source.startswith("hf://"):
        source = f"{source.partition('@')[0]}@{record.revision}"
    tag = record.digest.removeprefix("sha256:")[:16]
    sign = _key(run, model) if package.sign else None
    return PackWish(source, f"{package.repository}:{tag}", sign=sign, fetch=fetch)


def _key(run: Run, model: "Model") -> Path:
    named = run.env.get(KEY_NAME)
    if not named:
        raise PreconditionError(
            f"There is no key to sign the image of {model.name} with.",
            why=f"package.sign is true, and {KEY_NAME} names no key file",
            fix=(f"export {KEY_NAME}=/path/to/model.key", "or set package.sign: false"),
        )
    return Path(named)
