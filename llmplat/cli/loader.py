"""Turns a verb's name into its Typer command, importing it only when it is needed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from llmplat.cli.options import shared_parameters
from llmplat.cli.verbs import VERBS, Panel, find_verb


class LazyGroup(TyperGroup):
    """The root command: knows all verbs by table, loads one at a time."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 (Typer's context type is private)
        """The options of the root, each converted only when it was typed."""
        return _sparing(super().get_params)(ctx)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 (Typer's context type is private)
        """The verbs in the order of the help page."""
        return [verb.name for verb in VERBS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 (as above)
        """The command behind a verb, None for an unknown one."""
        return load_command(cmd_name) if find_verb(cmd_name) else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 (as above)
        """The command the words name; Typer's suggestions need the names beforehand."""
        if not find_verb(args[0]) and not args[0].startswith("-"):
            ctx.fail(_unknown(args[0]))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 (as above)
        """The help page's panels, from the table alone."""
        for panel in Panel:
            with formatter.section(panel.value):
                formatter.write_dl([(v.name, v.help) for v in VERBS if v.panel is panel])


def load_command(name: str) -> TyperCommand | TyperGroup:
    """The command of the verb `name` with the shared options added to each of its leaves."""
    module = importlib.import_module(f"llmplat.cli.commands.{name.replace('-', '_')}")
    app = getattr(module, "app", None) or _single(module.command)
    loaded: Any = typer.main.get_command(app)
    loaded.name = name
    for leaf in _leaves(loaded):
        leaf.params.extend(shared_parameters())
        leaf.get_params = _sparing(leaf.get_params)
        leaf.rich_markup_mode = None
        # Raw docstrings hold the two characters \\b; Click wants the one they stand for.
        leaf.help = (leaf.help or "").replace("\\b\n", "\b\n")
    loaded.rich_markup_mode = None
    return loaded  # type: ignore[no-any-return]  # Typer's own command classes are private


def _sparing(get_params: Callable[[Any], list[Any]]) -> Callable[[Any], list[Any]]:
    """The same parameters; Typer converts only what was typed and is no text.

    It builds a pydantic adapter for every option, given or not; when none is needed pydantic is
    not even imported, which saves many commands a third of their start.
    """

    def spared(ctx: Any) -> list[Any]:  # noqa: ANN401 (as above)
        parameters = get_params(ctx)
        for parameter in parameters:
            build = getattr(parameter, "get_runtime_param", None)
            if build is not None and "get_runtime_param" not in vars(parameter):
                parameter.get_runtime_param = lambda build=build: _Sparing(build)
        return parameters

    return spared


@dataclass(frozen=True)
class _Sparing:
    """Typer's conversion of one parameter, made when it is needed."""

    build: Callable[[], Any]

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ANN401 (as above)
        """`value` as the command takes it; as it is when it already is that, or nothing."""
        is_one = not param.multiple and param.nargs == 1
        if is_one and (value is None or type(value) is param.type_descriptor.annotation):
            return value
        return self.build().coerce(value, param=param, ctx=ctx)


def _single(function: Callable[..., Any]) -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(no_args_is_help=False)(function)
    return app


def _leaves(command: Any) -> list[Any]:  # noqa: ANN401 (as above)
    children = getattr(command, "commands", None)
    if children is None:
        return [command]
    return [leaf for child in children.values() for leaf in _leaves(child)]


def _unknown(word: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, [verb.name for verb in VERBS], n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"No such command {word!r}.{hint}"
