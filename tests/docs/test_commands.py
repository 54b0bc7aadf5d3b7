"""Every llmplat command line shown in the docs, the README and the CI template exists."""

import re
import shlex
from pathlib import Path

import pytest

from llmplat.cli.loader import load_command
from llmplat.cli.verbs import find_verb

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "templates" / "ci").glob("*.yaml"),
    ]
)
COMMAND = re.compile(r"(?:^|[`$(]\s*|\| |run: )(llmplat [a-z][^`|#\n)>]*)", re.MULTILINE)
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
PLACEHOLDER = re.compile(r"[A-Z<\[(|…]")


def lines() -> list[tuple[str, str]]:
    """Command lines in code, not sentences that begin with the product's name."""
    found = []
    for page in PAGES:
        text = page.read_text()
        parts = CODE.findall(text) if page.suffix == ".md" else [text]
        name = str(page.relative_to(ROOT))
        found += [(name, m.strip()) for part in parts for m in COMMAND.findall(part)]
    return sorted(set(found))


def check(line: str) -> None:
    """Walk groups and look every long option up; arguments stay unread."""
    words = shlex.split(line.replace("...", ""))[1:]
    if not words or words[0].startswith("-"):
        return
    name = words.pop(0)
    assert find_verb(name), f"no command {name!r} in {line!r}"
    command = load_command(name)
    while getattr(command, "commands", None) and words and not words[0].startswith("-"):
        name = words.pop(0)
        assert name in command.commands, f"no command {name!r} in {line!r}"
        command = command.commands[name]
    known = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
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
