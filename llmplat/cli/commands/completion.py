"""`llmplat completion`: a completion script for a shell."""

from typing import TYPE_CHECKING, Annotated

import typer

from llmplat.cli.run import current
from llmplat.domain.errors import InputError

if TYPE_CHECKING:
    from llmplat.cli.completion import Node


def command(
    ctx: typer.Context,
    shell: Annotated[str, typer.Argument(help="bash, zsh or fish.", metavar="SHELL")],
) -> None:
    r"""Print the completion script of a shell.

    The script is complete in itself: TAB starts no Python.

    \b
    Examples:
      # bash, for this session
      source <(llmplat completion bash)
      # zsh, for good
      llmplat completion zsh > ~/.zfunc/_llmplat
      # fish, for good
      llmplat completion fish > ~/.config/fish/completions/llmplat.fish
    """
    from llmplat.cli.completion import SHELLS, script

    if shell not in SHELLS:
        raise InputError(
            f"There is no completion for {shell!r}.",
            why=f"known shells: {', '.join(SHELLS)}",
            fix=("llmplat completion bash",),
        )
    current(ctx).emitter.answer(script(shell, _root()))


def _root() -> "Node":
    from llmplat.cli.completion import SHELLS, Node, Option, make_node
    from llmplat.cli.loader import load_command
    from llmplat.cli.verbs import VERBS

    words = {"completion": SHELLS, "help": ("exit-codes", "errors")}
    children = tuple(
        make_node(verb.name, load_command(verb.name), verb.help, words.get(verb.name, ()))
        for verb in VERBS
    )
    flags = (
        Option(("--version",), "Print the version.", takes_value=False),
        Option(("-h", "--help"), "Show the help.", takes_value=False),
    )
    return Node("llmplat", "", flags, children)
