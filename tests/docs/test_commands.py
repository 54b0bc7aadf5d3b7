"""Every llmplat command line shown in the docs, the README and the CI template exists."""

import re
import shlex
from pathlib import Path

import click
import pytest

from llmplat.cli.app import click_command

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "templates" / "ci").glob("*.yaml"),
    ]
)
COMMAND = re.compile(r"(?:^|[`$|(]\s*|run: )(llmplat [a-z][^`|#\n)>]*)", re.MULTILINE)
PLACEHOLDER = re.compile(r"[A-Z<\[(|…]")


def lines() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        text = page.read_text()
        found += [(str(page.relative_to(ROOT)), m.strip()) for m in COMMAND.findall(text)]
    return found


def check(line: str) -> None:
    """Walk groups and look every long option up; arguments stay unread."""
    words = shlex.split(line.replace("...", ""))[1:]
    command: click.Command = click_command()
    context = click.Context(command, info_name="llmplat")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"no command {name!r} in {line!r}"
        command, context = found, click.Context(found, info_name=name, parent=context)
    known = {o for p in command.get_params(context) for o in (*p.opts, *p.secondary_opts)}
    for word in words:
        option = word.partition("=")[0].strip("[]")
        if option.startswith("--"):
            assert option in known, f"no option {option} in {line!r}"


def test_there_are_commands_to_check() -> None:
    assert len(lines()) > 20


@pytest.mark.parametrize(("page", "line"), lines())
def test_command_exists(page: str, line: str) -> None:
    check(line)


def test_a_wrong_command_is_seen() -> None:
    with pytest.raises(AssertionError):
        check("llmplat frobnicate")
    with pytest.raises(AssertionError):
        check("llmplat up --frobnicate")
