"""`llmplat init` writes a file that reads without a fault, and never over one of yours."""

import io
import json
import sys
from pathlib import Path

import pytest

from llmplat.cli.app import run_command
from llmplat.spec.load import load_platform


class Terminal(io.StringIO):
    """A stream that people sit in front of."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, its own state, and nobody at the keyboard."""
    here = tmp_path / "My Lab"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("LLMPLAT_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return here


def test_without_a_person_the_defaults_are_taken(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["init", "-o", "plain"]) == 0
    assert capsys.readouterr().out == "platform.yaml\n"
    loaded = load_platform(folder / "platform.yaml")
    assert loaded.platform.name == "my-lab"
    assert loaded.warnings == ()
    assert sorted(file.name for file in folder.iterdir()) == ["platform.yaml"]


def test_flags_answer_everything(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--name", "lab", "--port", "4100", "--profile", "serving", "--budget", "7.5"]
    words += [
        "--model",
        "hf://o/one",
        "--model",
        "file:///srv/two",
        "--tenant",
        "a",
        "--tenant",
        "b",
    ]
    assert run_command(["init", "-f", "lab.yaml", "-o", "json", *words]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["kind"], answer["models"], answer["tenants"]) == (
        "Init",
        ["one", "two"],
        ["a", "b"],
    )
    platform = load_platform(folder / "lab.yaml").platform
    assert (platform.name, platform.profile) == ("lab", "serving")
    assert platform.substrate.local is not None
    assert platform.substrate.local.port == 4100
    assert {tenant.budget.usd for tenant in platform.tenants} == {7.5}


def test_a_file_that_is_there_is_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "platform.yaml"
    file.write_text("mine")
    assert run_command(["init"]) == 3
    assert file.read_text() == "mine"
    assert "--force" in capsys.readouterr().err
    assert run_command(["init", "--force"]) == 0
    assert load_platform(file).platform.name == "my-lab"


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (["--tenant", "Team A"], 3),
        (["--model", "gpt2"], 3),
        (["--profile", "half"], 3),
        (["--port", "80"], 3),
        (["--name", "x" * 99], 3),
        (["-f", "no/such/folder.yaml"], 5),
        (["-f", "."], 3),
        (["--budget", "-1"], 2),
    ],
)
def test_wrong_answers_write_nothing(
    words: list[str], exit_code: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["init", *words]) == exit_code
    assert list(folder.iterdir()) == []
    out, err = capsys.readouterr()
    assert out == ""
    assert "fix: " in err


def test_a_person_on_a_terminal_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("lab\nhf://o/one\nteam-a\n\n"))
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert run_command(["init"]) == 0
    platform = load_platform(folder / "platform.yaml").platform
    assert platform.name == "lab"
    assert platform.models[0].source == "hf://o/one"
    assert platform.tenants[0].name == "team-a"


@pytest.mark.parametrize("kind", ["platform", "lock", "keys"])
def test_schema_prints_one_document(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["schema", kind]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$id"].endswith(f"{kind}-v1alpha1.json")
