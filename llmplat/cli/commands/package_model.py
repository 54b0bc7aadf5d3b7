"""`llmplat package-model`: a model as an image, pinned by its digest."""

from pathlib import Path
from typing import Annotated

import typer

from llmplat.cli.run import current
from llmplat.domain.errors import UsageError


def command(  # noqa: PLR0913, PLR0917 (an option of the command line is a parameter)
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A folder, hf://org/name@revision, demo://name, or oci://... to copy an image.",
        ),
    ],
    reference: Annotated[
        str | None,
        typer.Argument(metavar="[REFERENCE]", help="Where to: registry/repository[:tag]."),
    ] = None,
    to_layout: Annotated[
        Path | None,
        typer.Option("--to-layout", metavar="DIR", help="Write an OCI layout, push nothing."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="REF@sha256:...", help="Put the model upon this image."),
    ] = None,
    kserve_sidecar: Annotated[
        bool,
        typer.Option("--kserve-sidecar", help="Put it upon the base of KServe's sidecar mode."),
    ] = False,
    sign: Annotated[
        Path | None,
        typer.Option("--sign", metavar="KEY", help="Sign with this private key (PEM)."),
    ] = None,
    file_digests: Annotated[
        bool,
        typer.Option("--file-digests", help="Compute each file's own hash (one more read)."),
    ] = False,
    allow_pickle: Annotated[
        bool, typer.Option("--allow-pickle", help="Take weights that can run code when read.")
    ] = False,
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="Without TLS (on this machine it needs no flag).")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the layers, try the permission, push nothing.")
    ] = False,
) -> None:
    r"""Package a model as an image and print its digest.

    1. lists the files and checks names, weights and the registry's limits; 2. tries the
    permission to push; 3. sends each file once, as a layer of its own; 4. attaches a bill of
    materials and the provenance, with --sign a signature; 5. writes the tag last. It may be
    stopped at any moment and run again: what arrived is not sent twice. The same files give the
    same digest, wherever and whenever. stdout is the reference with its digest and nothing else.

    \b
    Examples:
      # a folder to a registry
      llmplat package-model ./my-model registry.example.com/team/my-model:v1
      # from the hub, without a copy on this machine, signed
      llmplat package-model hf://org/name@main ghcr.io/team/name:v1 --sign model.key
      # as files, for a machine without a network
      llmplat package-model demo://smollm2-135m-instruct --to-layout ./layout
      # an image to another registry, signatures included
      llmplat package-model oci://ghcr.io/team/name:v1 registry.example.com/name:v1
    """
    from llmplat.cli import wiring_images
    from llmplat.output import package_view
    from llmplat.pack.wish import PackWish

    if (reference is None) == (to_layout is None):
        raise UsageError(
            "Give either a REFERENCE to push to or --to-layout DIR.",
            fix=("llmplat package-model --help",),
        )
    if base is not None and kserve_sidecar:
        raise UsageError(
            "--base and --kserve-sidecar each name a base.", fix=("leave one of them out",)
        )
    run = current(ctx)
    run.emitter.tell_events()
    wish = PackWish(
        source,
        reference,
        to_layout,
        base=base,
        is_sidecar=kserve_sidecar,
        sign=sign,
        has_file_digests=file_digests,
        allow_pickle=allow_pickle,
        plain_http=plain_http,
    )
    if dry_run:
        run.emitter.result(wiring_images.preview_model(run, wish), package_view.PREVIEW)
        return
    done = wiring_images.package_model(run, wish)
    run.emitter.result(done, package_view.PACKAGED)
    if to_layout is None:
        run.emitter.hint(f"llmplat model verify {done.reference}")
