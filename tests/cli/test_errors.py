"""Every error class: its exit code, its text and its JSON, never a traceback unless asked for."""

import json
import subprocess
import sys

import pytest

from llmplat.cli import app
from llmplat.domain.errors import ExitCode, Finding, LlmplatError, SpecError, Where
from llmplat.output.guide import EXAMPLES, error_entries
from tests.cli.conftest import all_subclasses

KINDS = sorted(
    {kind for kind in all_subclasses(LlmplatError) if not kind.__name__.startswith("_")},
    key=lambda kind: kind.__name__,
)


@pytest.fixture
def failing(monkeypatch, llmplat):
    """Run a command that raises the given error."""

    def run(error: BaseException, *words: str, **kw: object):
        def fail(*_: object) -> int:
            raise error

        monkeypatch.setattr(app, "_invoke", fail)
        return llmplat("version", *words, **kw)

    return run


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("form", ["human", "plain"])
def test_text(failing, kind, form: str) -> None:
    ran = failing(kind("The thing broke.", "it was 3, not 4", ("llmplat fix",)), "-o", form)
    assert ran.code == kind.exit_code
    assert ran.out == ""
    assert f"error[{kind.code}]: The thing broke." in ran.err
    assert "why: it was 3, not 4" in ran.err
    assert "fix: llmplat fix" in ran.err
    assert f"docs: llmplat help {kind.code}" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_json(failing, kind) -> None:
    error = kind("The thing broke.", "why not", ("llmplat fix",), details="secret details")
    ran = failing(error, "-o", "json")
    assert ran.code == kind.exit_code
    assert ran.out == ""
    document = json.loads(ran.err)
    assert document["kind"] == "Error"
    assert document["code"] == kind.code
    assert document["exitCode"] == int(kind.exit_code)
    assert (document["what"], document["why"]) == ("The thing broke.", "why not")
    assert document["fix"] == ["llmplat fix"]
    assert "details" not in document


def test_quiet_keeps_what_and_fix(failing) -> None:
    ran = failing(LlmplatError("Broke.", "because", ("llmplat fix",)), "-q")
    assert "Broke." in ran.err
    assert "fix: llmplat fix" in ran.err
    assert "because" not in ran.err
    assert "docs:" not in ran.err


def test_debug_adds_details_and_traceback(failing) -> None:
    ran = failing(LlmplatError("Broke.", details="line one\nline two"), "--debug")
    assert "line two" in ran.err
    assert "Traceback" in ran.err


def test_findings_are_told_with_their_places(failing) -> None:
    finding = Finding(
        "spec-unknown", "unknown key 'contxt'", "did you mean context?", ("write context:",),
        Where("platform.yaml", 4, 3), (Where("platform.yaml", 9, 1),),
    )  # fmt: skip
    error = SpecError("platform.yaml has 1 fault.", findings=(finding,))
    text = failing(error).err
    assert "platform.yaml:4:3: error[spec-unknown]: unknown key 'contxt'" in text
    assert "see: platform.yaml:9:1" in text
    document = json.loads(failing(error, "-o", "json").err)
    assert document["findings"][0]["where"] == {"file": "platform.yaml", "line": 4, "column": 3}


def test_anything_else_is_a_bug_with_a_log(failing, tmp_path) -> None:
    ran = failing(RuntimeError("surprise sk-llmplat-" + "x" * 43))
    assert ran.code == ExitCode.BUG
    assert "error[internal]" in ran.err
    assert "Traceback" not in ran.err
    assert "x" * 43 not in ran.err
    log = next((tmp_path / "state" / ".runs").glob("*.log"))
    assert str(log) in ran.err
    assert "RuntimeError" in log.read_text()
    assert "x" * 43 not in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_interrupted(failing) -> None:
    ran = failing(KeyboardInterrupt())
    assert ran.code == ExitCode.INTERRUPTED
    assert "running the same command again is safe" in ran.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["frobnicate"], "No such command"),
        (["statsu"], "Did you mean 'status'?"),
        (["plan", "--nope"], "No such option"),
        (["-o", "xml", "plan"], "No such option"),
        (["plan", "-o", "xml"], "Invalid value"),
        (["keys"], "Missing command"),
        (["keys", "create"], "Missing argument"),
        (["completion"], "Missing argument"),
    ],
)
def test_a_wrong_command_line_is_exit_2(llmplat, words: list[str], hint: str) -> None:
    ran = llmplat(*words)
    assert ran.code == ExitCode.USAGE
    assert ran.out == ""
    assert "error[usage]" in ran.err
    assert hint in ran.err
    assert "fix: llmplat" in ran.err


def test_a_wrong_command_line_in_json(llmplat) -> None:
    for words in (["frobnicate", "-o", "json"], ["plan", "--output=json", "--nope"]):
        assert json.loads(llmplat(*words).err)["code"] == "usage"


def test_a_reader_that_leaves_is_no_error(tmp_path) -> None:
    """`llmplat ... | head -1` ends quietly."""
    command = f"{sys.executable} -m llmplat help errors -o json | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    env = {"PATH": "/usr/bin:/bin", "LLMPLAT_STATE_HOME": str(tmp_path)}
    ran = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=env, check=False
    )
    assert ran.stderr == ""
    assert ran.stdout.split()[-1] == "0"


def test_every_error_has_a_code_an_exit_code_and_an_example() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert all(code == code.lower() and " " not in code for code in codes)
    assert set(codes) == set(EXAMPLES)
    assert {entry.code for entry in error_entries()} == set(EXAMPLES)


@pytest.mark.parametrize("code", sorted(EXAMPLES))
def test_help_explains_each_code(llmplat, code: str) -> None:
    ran = llmplat("help", code, "-o", "human")
    assert ran.code == 0
    assert f"error[{code}]" in ran.out
    assert "fix:" in ran.out


def test_help_on_nothing_names_the_nearest(llmplat) -> None:
    ran = llmplat("help", "need-misssing")
    assert ran.code == ExitCode.INPUT
    assert "llmplat help need-missing" in ran.err
