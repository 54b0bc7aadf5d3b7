"""The completion scripts, each run in its own shell where that shell is installed."""

import shutil
import subprocess

import pytest

from llmplat.cli.verbs import VERBS

SHELLS = ["bash", "zsh", "fish"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_names_every_verb_and_the_options(llmplat, shell: str) -> None:
    ran = llmplat("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert all(verb.name in ran.out for verb in VERBS)
    assert "dry-run" in ran.out
    assert "rotate" in ran.out


def test_another_shell_is_refused(llmplat) -> None:
    ran = llmplat("completion", "tcsh")
    assert ran.code == 3
    assert "bash, zsh, fish" in ran.err


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_takes_the_script(llmplat, tmp_path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / f"script.{shell}"
    script.write_text(llmplat("completion", shell).out)
    ran = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def bash_offers(script: str, *words: str) -> set[str]:
    """What bash offers behind `llmplat WORDS`, the last word being typed."""
    line = " ".join(f"'{word}'" for word in ("llmplat", *words))
    code = f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; _llmplat; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    ran = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\n{code}"], capture_output=True, text=True, check=True
    )
    assert ran.stderr == ""
    return set(ran.stdout.split())


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["st"], {"status"}),
        (
            ["keys", ""],
            {"create", "list", "rotate", "revoke", "pending", "approve", "reject", "--help"},
        ),
        (["keys", "rev"], {"revoke"}),
        (["keys", "create", "--exp"], {"--expires"}),
        (["status", "--out"], {"--output"}),
        (["status", "-o", ""], {"human", "plain", "json", "sarif"}),
        (["status", "--output", "j"], {"json"}),
        (["completion", "f"], {"fish"}),
        (["--ver"], {"--version"}),
        (["plan", "-f", ""], set()),
        (["keys", "create", "demo/app", "--create"], {"--create-tenant"}),
    ],
)
def test_bash_completes(llmplat, words: list[str], offered: set[str]) -> None:
    assert bash_offers(llmplat("completion", "bash").out, *words) == offered


def test_bash_offers_every_verb(llmplat) -> None:
    offered = bash_offers(llmplat("completion", "bash").out, "")
    assert offered >= {verb.name for verb in VERBS}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("llmplat sta", {"status"}),
        ("llmplat keys ro", {"rotate"}),
        ("llmplat status -o j", {"json"}),
    ],
)
def test_fish_completes(llmplat, tmp_path, line: str, offered: set[str]) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    script = tmp_path / "llmplat.fish"
    script.write_text(llmplat("completion", "fish").out)
    code = f"source {script}; complete -C '{line}'"
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(
        ["fish", "--no-config", "-c", code], capture_output=True, text=True, env=env, check=True
    )
    assert {text.split("\t")[0] for text in ran.stdout.splitlines()} == offered


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["st"], "status"),
        (["keys", ""], "rotate"),
        (["keys", "create", ""], "--create-tenant"),
        (["status", "-o", ""], "json"),
        (["completion", ""], "fish"),
    ],
)
def test_zsh_completes(llmplat, words: list[str], offered: str) -> None:
    """zsh's own helpers are replaced by ones that print what they are offered."""
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    helpers = "compdef() { :; }; _describe() { print -l -- $found; }; "
    helpers += "compadd() { print -l -- $@; }; _files() { :; }"
    line = " ".join(f"'{word}'" for word in ("llmplat", *words))
    call = f"words=({line}); CURRENT={len(words) + 1}; _llmplat"
    script = f"{helpers}\n{llmplat('completion', 'zsh').out}\n{call}"
    ran = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert offered in {entry.split(":")[0] for entry in ran.stdout.splitlines()}
