"""`llmplat model`: look at, check and pull a packaged model."""

from pathlib import Path
from typing import Annotated

import typer

from llmplat.cli.run import current
from llmplat.domain.errors import ExitCode

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_Reference = Annotated[
    str, typer.Argument(metavar="REFERENCE", help="registry/repository, with :tag or @sha256:...")
]
_PlainHttp = Annotated[
    bool, typer.Option("--plain-http", help="Without TLS (on this machine it needs no flag).")
]


@app.callback()
def _model() -> None:
    """Look at, check and pull a packaged model.

    Works on images that `llmplat package-model` made and on other modelcars: images with the
    model's files below models/.
    """


@app.command("inspect")
def inspect(ctx: typer.Context, reference: _Reference, plain_http: _PlainHttp = False) -> None:
    """Show digest, layers, annotations and what is attached.

    Reads manifests only, no weights.
    """
    from llmplat.cli import wiring_images
    from llmplat.output import image_view

    run = current(ctx)
    report = wiring_images.inspect_model(run, reference, plain_http=plain_http)
    run.emitter.result(report, image_view.INSPECTED)


@app.command("verify")
def verify(
    ctx: typer.Context,
    reference: _Reference,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="The signer's public key (PEM)."),
    ] = None,
    plain_http: _PlainHttp = False,
) -> None:
    r"""Check every byte, document and signature.

    Reads all layers and compares them with the manifest, the manifest with the config, and the
    attached bill of materials and provenance with the files that are really there. With --key a
    signature, a provenance and a bill of materials by that key must be attached.

    \b
    Examples:
      # bytes and documents
      llmplat model verify registry.example.com/team/my-model:v1
      # and who vouches for them
      llmplat model verify registry.example.com/team/my-model:v1 --key model.pub
    \b
    Exit codes:
      0  everything held
      6  something did not; each finding names its place
    """
    from llmplat.cli import wiring_images
    from llmplat.output import image_view

    run = current(ctx)
    run.emitter.tell_events()
    checks = wiring_images.verify_model(run, reference, key, plain_http=plain_http)
    if key is None:
        run.emitter.warn("no --key given: nobody's signature was checked")
    run.emitter.result(checks, image_view.CHECKED)
    if checks.failed:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("pull")
def pull(
    ctx: typer.Context,
    reference: _Reference,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="An empty or new folder [./<last part of the name>]."),
    ] = None,
    plain_http: _PlainHttp = False,
) -> None:
    """Fetch the model's files into a folder, verified.

    A file gets its name only when the layer it came in has the digest that the image states.
    Stopped and run again, layers that came whole are not fetched twice.
    """
    from llmplat.cli import wiring_images
    from llmplat.output import image_view

    run = current(ctx)
    run.emitter.tell_events()
    pulled = wiring_images.pull_model(run, reference, folder, plain_http=plain_http)
    run.emitter.result(pulled, image_view.PULLED)
