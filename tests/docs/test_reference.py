"""The generated reference pages are what the code says today."""

from pathlib import Path

import pytest

from llmplat.cli.document import pages
from llmplat.cli.verbs import VERBS
from llmplat.domain.errors import ExitCode
from llmplat.output.guide import error_entries

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize("path", sorted(pages()))
def test_page_is_current(path: str) -> None:
    assert (REFERENCE / path).read_text() == pages()[path], "run: make docs"


def test_no_page_of_a_command_that_is_gone() -> None:
    there = {f"cli/{page.name}" for page in (REFERENCE / "cli").glob("*.md")}
    assert there <= set(pages())


def test_every_verb_error_and_exit_code_is_told() -> None:
    made = pages()
    assert all(f"cli/{verb.name}.md" in made for verb in VERBS)
    assert all(f"## {entry.code}\n" in made["errors.md"] for entry in error_entries())
    assert all(f"| {int(code)} |" in made["exit-codes.md"] for code in ExitCode)


def test_every_refusal_is_told() -> None:
    from llmplat.gateway.refusals import REFUSALS

    text = pages()["gateway-refusals.md"]
    assert all(f"| {cause} | {row.status} |" in text for cause, row in REFUSALS.items())
