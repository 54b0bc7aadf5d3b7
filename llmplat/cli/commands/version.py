"""`llmplat version`: the version of llmplat and of what it runs on."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass

import typer

from llmplat import __version__
from llmplat.cli.run import current
from llmplat.output.theme import Theme
from llmplat.output.view import View


@dataclass(frozen=True)
class Version:
    """What runs here."""

    version: str
    python: str


def _human(report: Version, theme: Theme) -> Iterator[str]:
    yield f"llmplat {theme.title(report.version)} {theme.dim(f'(Python {report.python})')}"


VIEW: View[Version] = View("Version", _human, lambda report: [(report.version, report.python)])


def command(ctx: typer.Context) -> None:
    """Print the version."""
    report = Version(__version__, platform.python_version())
    current(ctx).emitter.result(report, VIEW)
