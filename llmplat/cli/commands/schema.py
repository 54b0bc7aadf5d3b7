"""`llmplat schema`: the JSON Schema of a file."""

from enum import StrEnum
from typing import Annotated

import typer

from llmplat.cli.run import current


class Kind(StrEnum):
    """The files that have a schema."""

    PLATFORM = "platform"
    LOCK = "lock"
    KEYS = "keys"
    FLEET = "fleet"


def command(
    ctx: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="Which file.", metavar="KIND")] = Kind.PLATFORM,
) -> None:
    r"""Print the JSON Schema of a file.

    KIND is platform, lock, keys or fleet. Editors find the same schema through the first line that
    `llmplat init` writes.

    \b
    Examples:
      # check a platform file in an editor without a network
      llmplat schema platform > platform.schema.json
      # what a program may expect in the lock
      llmplat schema lock
    """
    from llmplat.spec.schema import dump_schema

    current(ctx).emitter.answer(dump_schema(kind.value))
