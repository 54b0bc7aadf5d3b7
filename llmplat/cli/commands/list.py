"""`llmplat list`: what the catalogue holds."""

from enum import StrEnum
from typing import Annotated

import typer

from llmplat.cli.run import current


class Kind(StrEnum):
    """What can be listed."""

    PROFILES = "profiles"
    LAYERS = "layers"
    COMPONENTS = "components"
    GPUS = "gpus"
    RUNTIMES = "runtimes"
    MODELS = "models"


def command(
    ctx: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="What to list.", metavar="KIND")],
) -> None:
    r"""List profiles, layers, components and GPUs.

    KIND is profiles, layers, components, gpus, runtimes or models (the bundled demos).

    \b
    Examples:
      # what can be switched on, with pinned versions
      llmplat list components
      # for a script: name, title, detail, source, date
      llmplat list gpus -o plain
    """
    from llmplat.catalog.listing import make_listing
    from llmplat.cli.wiring import catalog
    from llmplat.output.listing_view import LISTING

    current(ctx).emitter.result(make_listing(kind.value, catalog()), LISTING)
