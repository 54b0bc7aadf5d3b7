"""The folders, secrets, inventory and lock of one platform."""

import json
import os
import stat
from pathlib import Path

import pytest

from llmplat.adapters.atomic_file import write_whole
from llmplat.adapters.local_claim import claim, holder
from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_secrets import (
    ENGINE_KEY,
    GENERATED,
    MASTER_KEY,
    SYSTEM_KEY,
    ensure_secrets,
    read_secret,
)
from llmplat.adapters.local_state import ServiceEntry, State, read_state, write_state
from llmplat.domain.errors import BusyError, NewerVersionError, PreconditionError

ENTRY = ServiceEntry(
    name="engine-m",
    role="engine",
    host="127.0.0.1",
    port=4001,
    probe_path="/health",
    probe_timeout_s=1.0,
    startup_budget_s=60.0,
    stop_grace_s=10.0,
    memory_bytes=1,
    digest="d",
    model="m",
)


@pytest.fixture
def home(tmp_path: Path) -> LocalHome:
    found = LocalHome("demo", tmp_path / "demo")
    found.make()
    return found


def test_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = State("demo", (ENTRY,), ("/cache/x",), "7.0.15")
    write_state(path, state, "0.1.0")
    assert read_state(path) == state
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"stateVersion": 1}', "3"])
def test_a_broken_state_counts_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    assert read_state(path) is None
    assert read_state(tmp_path / "absent") is None


@pytest.mark.parametrize("version", [2, 99, "2"])
def test_a_newer_state_is_refused_by_name(tmp_path: Path, version: object) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"stateVersion": version, "writtenBy": "llmplat 9"}))
    with pytest.raises(NewerVersionError, match="newer llmplat") as caught:
        read_state(path)
    assert "llmplat 9" in str(caught.value.why)


def test_secrets_are_made_once_with_their_shapes_and_modes(home: LocalHome) -> None:
    assert ensure_secrets(home.secrets) == GENERATED
    first = {name: read_secret(home.secrets, name) for name in GENERATED}
    assert ensure_secrets(home.secrets) == ()
    assert {name: read_secret(home.secrets, name) for name in GENERATED} == first
    assert len(set(first.values())) == len(GENERATED)
    assert first[SYSTEM_KEY].startswith("sk-llmplat-")
    assert len(first[SYSTEM_KEY]) == len("sk-llmplat-") + 43
    assert first[MASTER_KEY].startswith("sk-")
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in home.secrets.iterdir())


def test_an_empty_or_open_secret_is_put_right(home: LocalHome) -> None:
    ensure_secrets(home.secrets)
    kept = read_secret(home.secrets, SYSTEM_KEY)
    (home.secrets / ENGINE_KEY).write_text("")
    (home.secrets / SYSTEM_KEY).chmod(0o644)
    assert ensure_secrets(home.secrets) == (ENGINE_KEY,)
    assert read_secret(home.secrets, SYSTEM_KEY) == kept
    assert (home.secrets / SYSTEM_KEY).stat().st_mode & 0o777 == 0o600


def test_one_run_at_a_time_and_the_other_is_named(home: LocalHome) -> None:
    assert holder(home.run) is None
    with claim(home.run, "up"):
        told = holder(home.run)
        assert told is not None
        assert f"pid {os.getpid()}" in told
        with pytest.raises(BusyError) as caught, claim(home.run, "down"):
            pytest.fail("two at once")
        assert "`llmplat up`" in str(caught.value.why)
    assert holder(home.run) is None
    with claim(home.run, "down"):
        pass


def test_the_state_id_follows_from_the_folder(tmp_path: Path) -> None:
    one = LocalHome("demo", tmp_path / "a")
    assert one.state_id == LocalHome("demo", tmp_path / "a").state_id
    assert one.state_id != LocalHome("demo", tmp_path / "b").state_id


def test_sockets_of_a_deep_state_are_short_and_the_same_each_time(tmp_path: Path) -> None:
    deep = LocalHome("demo", tmp_path / ("x" * 120) / "demo")
    assert len(str(deep.supervisor_socket)) < 90
    assert deep.sockets == LocalHome("demo", tmp_path / ("x" * 120) / "demo").sockets


def test_folders_are_private_and_a_planted_link_is_refused(tmp_path: Path) -> None:
    home = LocalHome("demo", tmp_path / "demo")
    home.root.mkdir(mode=0o777)
    home.make()
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    home.logs.rmdir()
    (tmp_path / "elsewhere").mkdir()
    home.logs.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PreconditionError, match="is not yours"):
        home.make()


def test_a_file_is_whole_or_untouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    assert write_whole(path, b"one")
    assert not write_whole(path, b"one")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]
