"""`doctor` and `verify` by their words, on a machine that reaches nothing and runs nothing."""

import json

import pytest

pytestmark = pytest.mark.enable_socket


@pytest.fixture(autouse=True)
def _no_way_out(monkeypatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://user:hunter2-pass@127.0.0.1:9/simple")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_doctor_names_what_is_missing_and_its_fix(llmplat) -> None:
    ran = llmplat("doctor", "-o", "json")
    document = json.loads(ran.out)
    checks = {check["name"]: check for check in document["checks"]}
    assert checks["package index"]["verdict"] == "missing"
    assert "litellm" in checks["package index"]["what"]
    assert checks["package index"]["fix"]
    assert checks["model hub"]["verdict"] == "ok"
    assert document["ready"] is False
    assert ran.code == 5
    assert "hunter2" not in ran.out + ran.err


def test_doctor_tells_a_broken_platform_file_instead_of_failing(llmplat, tmp_path) -> None:
    (tmp_path / "platform.yaml").write_text("kind: Platform\n")
    ran = llmplat("doctor", "-o", "plain")
    assert ran.code == 5
    assert any(line.startswith("missing\tplatform\t") for line in ran.out.splitlines())


def test_verify_needs_a_running_platform(llmplat) -> None:
    ran = llmplat("verify")
    assert ran.code == 5
    assert "fix: llmplat up" in ran.err
    assert ran.out == ""
