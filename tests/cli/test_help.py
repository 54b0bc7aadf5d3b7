"""The help pages: complete, alike, on stdout; the pages themselves are compared under tests/docs."""

import subprocess
import sys

import pytest

from llmplat.cli.loader import load_command
from llmplat.cli.verbs import VERBS, Panel

NAMES = [verb.name for verb in VERBS]
SHARED = ("--file", "--output", "--quiet", "--verbose", "--debug", "--no-color", "--help")


def test_the_root_page_lists_every_verb_under_its_panel(llmplat) -> None:
    ran = llmplat("--help")
    assert (ran.code, ran.err) == (0, "")
    sections = ran.out.split("\n\n")
    for panel in Panel:
        section = next(s for s in sections if s.startswith(f"{panel.value}:"))
        listed = {line.split()[0] for line in section.splitlines()[1:]}
        assert listed == {v.name for v in VERBS if v.panel is panel}


def test_no_words_is_help(llmplat) -> None:
    assert llmplat().out == llmplat("--help").out


@pytest.mark.parametrize("name", NAMES)
def test_each_verb_has_help_with_the_shared_options(llmplat, name: str) -> None:
    ran = llmplat(name, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: llmplat {name}")
    if not getattr(load_command(name), "commands", None):
        assert all(option in ran.out for option in SHARED)


@pytest.mark.parametrize("verb", VERBS, ids=NAMES)
def test_the_table_says_what_the_command_says(verb) -> None:
    """The root page is made from the table, so that it needs no import; both must agree."""
    first = (load_command(verb.name).help or "").strip().splitlines()[0]
    assert first == verb.help
    assert len(first) <= 60
    assert first.endswith(".")


@pytest.mark.parametrize("words", [["keys", "create"], ["keys", "list"], ["keys", "revoke"]])
def test_subcommands_have_the_shared_options(llmplat, words: list[str]) -> None:
    assert all(option in llmplat(*words, "--help").out for option in SHARED)


def test_help_writes_nothing_to_disk(llmplat, tmp_path) -> None:
    llmplat("--help")
    llmplat("plan", "--help")
    assert not (tmp_path / "state").exists()


def test_the_root_page_imports_nothing_heavy() -> None:
    heavy = "{'rich', 'pydantic', 'httpx', 'yaml', 'ruamel', 'psutil', 'jinja2', 'redis', 'uv'}"
    code = (
        "import sys; from llmplat.cli.app import run_command; run_command(['--help']); "
        f"sys.exit(str({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("words", [["version"], ["gpu-fit", "Qwen/Qwen3-8B", "--gpu", "h100"]])
def test_a_command_that_needs_no_pydantic_does_not_import_it(words: list[str]) -> None:
    code = (
        f"import sys; from llmplat.cli.app import run_command; assert run_command({words}) == 0; "
        "sys.exit('pydantic' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_the_version_is_told(llmplat) -> None:
    from llmplat import __version__

    assert llmplat("--version").out == f"llmplat {__version__}\n"
    assert llmplat("version").out.startswith(f"{__version__}\t")
