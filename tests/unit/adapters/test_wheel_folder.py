"""Locked packages in a folder: fetched once, named when one is lost."""

import hashlib
import shutil

import pytest

from llmplat.adapters import wheel_folder
from llmplat.adapters.wheel_folder import (
    damaged_wheels,
    fetch_wheels,
    has_wheels,
    pip_environment,
)
from llmplat.domain.errors import PreconditionError
from tests.fakes.recording_progress import RecordingProgress

LOCK = (
    "my_app==1.0 \\\n    --hash=sha256:aa\nother==2.0 ; sys_platform == 'win32' --hash=sha256:bb\n"
)


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    calls = []

    def run(words, **_):
        calls.append(words)
        (tmp_path / "My_App-1.0-py3-none-any.whl").write_bytes(b"x" * 10)
        (tmp_path / "stray-9.0-py3-none-any.whl").write_bytes(b"x")

    monkeypatch.setattr(wheel_folder, "run_uv", run)
    return calls


def test_what_came_is_noted_and_a_lost_wheel_is_seen(tmp_path, fetched):
    assert not has_wheels(LOCK, tmp_path)
    assert fetch_wheels(LOCK, tmp_path, "Fetch", RecordingProgress()) == 11
    assert has_wheels(LOCK, tmp_path)
    assert not has_wheels(LOCK + "\n", tmp_path)
    assert "--require-hashes" in fetched[0]
    assert damaged_wheels(LOCK, tmp_path) == ("My_App-1.0-py3-none-any.whl",)
    pinned = LOCK.replace("aa", hashlib.sha256(b"x" * 10).hexdigest())
    fetch_wheels(pinned, tmp_path, "Fetch", RecordingProgress())
    assert damaged_wheels(pinned, tmp_path) == ()
    (tmp_path / "My_App-1.0-py3-none-any.whl").unlink()
    assert not has_wheels(LOCK, tmp_path)
    shutil.rmtree(tmp_path)
    assert not has_wheels(LOCK, tmp_path)


def test_a_lock_of_which_nothing_came_is_refused(tmp_path, fetched):
    with pytest.raises(PreconditionError, match="No wheel came"):
        fetch_wheels("nothing==1.0 --hash=sha256:aa\n", tmp_path, "Fetch", RecordingProgress())


def test_settings_of_uv_are_spelled_for_pip():
    env = {"UV_DEFAULT_INDEX": "https://a/simple", "UV_FIND_LINKS": "/x,/y", "PIP_INDEX_URL": "b"}
    made = pip_environment(env)
    assert made["PIP_INDEX_URL"] == "b"
    assert made["PIP_FIND_LINKS"] == "/x /y"
