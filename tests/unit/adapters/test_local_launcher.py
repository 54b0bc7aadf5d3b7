"""The launcher: what the process it becomes is given."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from llmplat.adapters.local_sweep import MARKER, SUPERVISOR

PRINT_ENV = "import json, os, resource; print(json.dumps([dict(os.environ), resource.getrlimit(resource.RLIMIT_CORE)]))"
SUPERVISE = (
    "import subprocess, sys, os;"
    "env = {{**os.environ, {marker!r}: {service!r}}};"
    "done = subprocess.run([sys.executable, '-P', '-m', 'llmplat.adapters.local_launcher',"
    " sys.argv[1]], env=env); sys.exit(done.returncode)"
)


def launch(
    tmp_path: Path, *, is_supervised: bool = True, **changes: Any
) -> "subprocess.CompletedProcess[str]":
    state_id = f"test-{uuid.uuid4().hex[:12]}"
    (tmp_path / "key").write_text("the-secret\n")
    document = {
        "state_id": state_id,
        "name": "one",
        "argv": [sys.executable, "-S", "-c", PRINT_ENV],
        "cwd": str(tmp_path),
        "env": {"PLAIN": "1"},
        "secret_files": {"KEY": str(tmp_path / "key")},
        "starts_file": str(tmp_path / "starts"),
        "oom_score_adj": 100,
        "nice": 0,
        **changes,
    }
    path = tmp_path / "one.json"
    path.write_text(json.dumps(document))
    code = SUPERVISE.format(marker=MARKER, service=f"{state_id}/one")
    supervisor = f"{state_id}/{SUPERVISOR}" if is_supervised else ""
    return subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env={**os.environ, MARKER: supervisor, "SUPERVISOR_ENABLED": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_process_gets_its_secrets_by_environment_only(tmp_path: Path) -> None:
    done = launch(tmp_path)
    assert done.returncode == 0, done.stderr
    story, answer = done.stdout.splitlines()
    environment, core = json.loads(answer)
    assert story.startswith("llmplat: starting one (pid ")
    assert environment["KEY"] == "the-secret"
    assert environment["PLAIN"] == "1"
    assert "SUPERVISOR_ENABLED" not in environment
    assert core == [0, 0]
    assert (tmp_path / "starts").read_text() == "."


def test_without_its_supervisor_it_does_not_start(tmp_path: Path) -> None:
    done = launch(tmp_path, is_supervised=False)
    assert done.returncode == 75
    assert done.stdout == ""


def test_a_missing_secret_or_program_is_said_plainly(tmp_path: Path) -> None:
    missing = launch(tmp_path, secret_files={"KEY": str(tmp_path / "absent")})
    assert missing.returncode == 78
    assert "a secret cannot be read" in missing.stdout
    no_program = launch(tmp_path, argv=["/no/such/python"])
    assert no_program.returncode == 78
    assert "cannot start /no/such/python" in no_program.stdout
