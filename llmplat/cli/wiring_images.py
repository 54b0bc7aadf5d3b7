"""The composition root of the commands that package, look at, check and pull images of models."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmplat.cli.run import Run, cache_home
from llmplat.domain.errors import InputError, UsageError
from llmplat.pack.wish import Packaged, PackWish

if TYPE_CHECKING:
    from llmplat.adapters.image_pull import Pulled
    from llmplat.adapters.oci_stop import Stop
    from llmplat.adapters.pack_source import SourceFiles
    from llmplat.catalog.registries import RegistryFacts
    from llmplat.domain.oci import Reference
    from llmplat.domain.registry import Registry
    from llmplat.domain.signing import Signer
    from llmplat.pack.described import About
    from llmplat.pack.image_check import ImageChecks
    from llmplat.pack.inspect import InspectReport
    from llmplat.pack.preview import PackPreview
    from llmplat.pack.request import BaseImage, PackReport, PackRequest

_SOURCE = "org.opencontainers.image.source"
_REVISION = "org.opencontainers.image.revision"
_LICENCES = "org.opencontainers.image.licenses"
LAYOUT_TAG = "latest"
"""What a layout names the image: tools ask for a name there."""


@dataclass(frozen=True)
class _Target:
    """Where an image goes."""

    registry: "Registry"
    facts: "RegistryFacts"
    tag: str | None


def package_model(run: Run, wish: PackWish) -> Packaged:
    """Package as wished; SIGINT and SIGTERM end it so that it can be taken up."""
    from llmplat.pack.attach import make_attach
    from llmplat.pack.package import package

    signer = None if wish.sign is None else signer_of(run, wish.sign)
    with stopping() as stop:
        target = _target(run, wish, stop)
        if wish.source.startswith("oci://"):
            return _packaged(wish, target, _copy(run, wish, target, stop))
        found, request = request_of(run, wish, stop)
        about = about_of(found, request, target.registry.name, wish)
        attach = make_attach(about, target.registry, signer, run.emitter)
        report = package(request, target.registry, target.facts, target.tag, run.emitter, attach)
    return _packaged(wish, target, report)


def preview_model(run: Run, wish: PackWish) -> "PackPreview":
    """What packaging would do; permission to push is tried, nothing is pushed."""
    from llmplat.pack.preview import preview_package

    if wish.source.startswith("oci://"):
        raise UsageError(
            "--dry-run says nothing about a copy of an image.",
            fix=(f"llmplat model inspect {wish.source.removeprefix('oci://')}",),
        )
    if wish.sign is not None:
        signer_of(run, wish.sign)
    with stopping() as stop:
        target = _target(run, wish, stop)
        _, request = request_of(run, replace(wish, has_file_digests=False), stop)
        return preview_package(request, target.registry, target.facts)


def inspect_model(run: Run, reference: str, *, plain_http: bool) -> "InspectReport":
    """What an image is."""
    from llmplat.domain.oci import Reference
    from llmplat.pack.inspect import inspect_image

    place = Reference.parse(reference)
    with stopping() as stop:
        return inspect_image(open_repository(run, place, stop, plain_http=plain_http), place)


def verify_model(run: Run, reference: str, key: Path | None, *, plain_http: bool) -> "ImageChecks":
    """Every byte, document and signature of an image, checked."""
    from llmplat.adapters.signing_key import load_verifier
    from llmplat.domain.oci import Reference
    from llmplat.pack.verify import verify_image

    verifier = None if key is None else load_verifier(key)
    place = Reference.parse(reference)
    with stopping() as stop:
        registry = open_repository(run, place, stop, plain_http=plain_http)
        return verify_image(registry, place, verifier, run.emitter)


def pull_model(run: Run, reference: str, folder: Path | None, *, plain_http: bool) -> "Pulled":
    """An image's model in `folder`, or in a folder of the repository's name beneath this one."""
    from llmplat.adapters.image_pull import pull_image
    from llmplat.domain.oci import Reference
    from llmplat.pack.image import read_image

    place = Reference.parse(reference)
    target = folder or Path(place.repository.rsplit("/", 1)[-1])
    with stopping() as stop:
        registry = open_repository(run, place, stop, plain_http=plain_http)
        return pull_image(registry, read_image(registry, place), target, run.emitter)


@contextmanager
def stopping() -> "Iterator[Stop]":
    """SIGINT and SIGTERM end what is under way so that it can be taken up."""
    from llmplat.adapters.oci_stop import stop_on_signals

    with stop_on_signals() as stop:
        yield stop


def open_repository(
    run: Run, place: "Reference", stop: "Stop", *, plain_http: bool = False
) -> "Registry":
    """The repository of `place`, with the account found for its registry."""
    from llmplat.adapters.oci_registry import RegistryOptions, open_registry

    options = RegistryOptions(plain_http=plain_http)
    return open_registry(place, cache_home(run.env), run.env, stop, options)


def _target(run: Run, wish: PackWish, stop: "Stop") -> _Target:
    from llmplat.catalog.registries import RegistryFacts, find_registry
    from llmplat.domain.oci import Reference

    if wish.layout is not None:
        from llmplat.adapters.oci_layout import LayoutRegistry

        layout = LayoutRegistry(wish.layout, cache_home(run.env), stop)
        return _Target(layout, RegistryFacts("a layout"), LAYOUT_TAG)
    place = Reference.parse(wish.reference or "")
    if place.digest is not None:
        raise InputError(
            f"{place} names a digest, and that is only known when the image is there.",
            fix=(f"llmplat package-model {wish.source} {place.registry}/{place.repository}:v1",),
        )
    registry = open_repository(run, place, stop, plain_http=wish.plain_http)
    return _Target(registry, find_registry(place.registry), place.tag)


def signer_of(run: Run, key: Path) -> "Signer":
    """The private key in the file `key`; InputError when it cannot be used."""
    from llmplat.adapters.signing_key import PASSWORD_NAME, load_signer

    password = run.env.get(PASSWORD_NAME)
    run.emitter.masker.add(password or "")
    return load_signer(key, password)


def request_of(run: Run, wish: PackWish, stop: "Stop") -> "tuple[SourceFiles, PackRequest]":
    """The source's files, and what of them makes the image; raises InputError or DownloadError."""
    from llmplat.adapters.pack_source import open_pack_source, with_computed_hashes
    from llmplat.pack.model_card import read_licence
    from llmplat.pack.request import PackRequest

    found = open_pack_source(wish.source, cache_home(run.env), run.emitter, wish.fetch)
    if wish.has_file_digests and not found.are_hashes_computed:
        found = with_computed_hashes(found, run.emitter)
    licence = read_licence(found.files)
    annotations = {_LICENCES: licence} if licence else {}
    if found.is_pinned and found.source and found.revision:
        # Of a folder they are left out: the same files would be another image elsewhere.
        annotations |= {_SOURCE: found.source, _REVISION: found.revision}
    request = PackRequest(
        found.files,
        wish.source,
        _base(run, wish, stop),
        annotations=annotations,
        allow_pickle=wish.allow_pickle,
    )
    return found, request


def about_of(
    found: "SourceFiles", request: "PackRequest", repository: str, wish: PackWish
) -> "About":
    """What the documents of an image say of its origin."""
    from llmplat.pack.described import About
    from llmplat.pack.model_card import read_config

    return About(
        repository,
        source=found.source,
        revision=found.revision,
        licence=request.annotations.get(_LICENCES),
        config=read_config(found.files),
        are_hashes_computed=found.are_hashes_computed,
        base=_base_name(wish),
    )


def _base_name(wish: PackWish) -> str | None:
    if not wish.is_sidecar:
        return wish.base
    from llmplat.adapters.sidecar_base import sidecar_name

    return sidecar_name()


def _base(run: Run, wish: PackWish, stop: "Stop") -> "BaseImage | None":
    if wish.is_sidecar:
        from llmplat.adapters.sidecar_base import open_sidecar_base

        return open_sidecar_base(cache_home(run.env), run.emitter)
    if wish.base is None:
        return None
    from llmplat.domain.oci import Reference
    from llmplat.pack.image import read_image
    from llmplat.pack.request import BaseImage

    place = Reference.parse(wish.base)
    if place.digest is None:
        raise InputError(
            f"The base {wish.base} is not pinned.",
            why="a tag may name another image tomorrow, and the digest of yours with it",
            fix=(f"llmplat model inspect {wish.base}", "then give --base REPOSITORY@sha256:..."),
        )
    registry = open_repository(run, place, stop, plain_http=wish.plain_http)
    image = read_image(registry, place)
    return BaseImage(registry, tuple(one.manifest for one in image.platforms))


def _copy(run: Run, wish: PackWish, target: _Target, stop: "Stop") -> "PackReport":
    from llmplat.domain.oci import Reference
    from llmplat.pack.copy_image import copy_image
    from llmplat.pack.image import read_image

    if wish.sign or wish.base or wish.is_sidecar or wish.has_file_digests:
        raise UsageError(
            "An image is copied as it is: --sign, --base and --file-digests have no place there.",
            fix=("leave them out", "or package the model's own source"),
        )
    place = Reference.parse(wish.source)
    source = open_repository(run, place, stop, plain_http=wish.plain_http)
    image = read_image(source, place)
    return copy_image(source, image, target.registry, target.tag, run.emitter)


def _packaged(wish: PackWish, target: _Target, report: "PackReport") -> Packaged:
    reference = f"{target.registry.name}@{report.digest}"
    return Packaged(wish.source, reference, target.tag, wish.sign is not None, report)
