"""The same calls in human, plain, JSON and quiet: the answer on stdout, the story on stderr."""

import json

import pytest

CALLS = [
    ["version"],
    ["help", "exit-codes"],
    ["help", "errors"],
    ["plan"],
    ["validate"],
    ["list", "profiles"],
    ["list", "gpus"],
    ["keys", "list"],
    ["mirror", "list"],
]


def words(call: list[str]) -> str:
    return " ".join(call)


@pytest.mark.parametrize("call", CALLS, ids=words)
def test_json_is_one_document_and_stderr_is_silent(llmplat, call: list[str]) -> None:
    ran = llmplat(*call, "-o", "json")
    assert ran.code == 0, ran.err
    document = json.loads(ran.out)
    assert document["apiVersion"] == "llmplat.dev/v1alpha1"
    assert document["kind"]
    assert ran.err == ""


@pytest.mark.parametrize("call", CALLS, ids=words)
def test_plain_is_the_default_for_a_pipe_and_has_no_colour(llmplat, call: list[str]) -> None:
    ran = llmplat(*call)
    assert ran.out == llmplat(*call, "-o", "plain").out
    assert "\x1b" not in ran.out + ran.err


@pytest.mark.parametrize("call", CALLS, ids=words)
def test_human_is_the_default_on_a_terminal(llmplat, call: list[str]) -> None:
    shown = llmplat(*call, terminal=True)
    assert shown.code == 0
    assert llmplat(*call, "-o", "human", "--no-color", terminal=True).out == uncoloured(shown.out)


@pytest.mark.parametrize("call", CALLS, ids=words)
def test_no_color_wins(llmplat, monkeypatch, call: list[str]) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in llmplat(*call, terminal=True).out


@pytest.mark.parametrize("call", CALLS, ids=words)
def test_quiet_says_nothing_on_stderr(llmplat, call: list[str]) -> None:
    ran = llmplat(*call, "-q")
    assert ran.err == ""
    assert ran.out == llmplat(*call).out


def uncoloured(text: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_the_default_platform_is_said_in_a_verbose_run(llmplat) -> None:
    assert "built-in default" in llmplat("validate", "-v").err


def test_a_file_that_is_not_there(llmplat) -> None:
    ran = llmplat("plan", "-f", "nowhere.yaml")
    assert ran.code == 3
    assert "nowhere.yaml" in ran.err
    assert "fix: llmplat init" in ran.err
