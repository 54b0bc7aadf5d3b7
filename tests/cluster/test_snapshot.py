"""Saved states of control planes: made once though many want them, nothing is left of a failure."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cluster.plane.snapshot import KEPT, discard, key_of, restore


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "llmplat-test-tools" / "cluster-states"


def _make(work: Path) -> Path:
    made = work / "etcd"
    made.mkdir()
    (made / "db").write_text("state")
    return made


def test_it_is_made_once_though_three_want_it_at_once(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(work: Path) -> Path:
        made.append(work)
        time.sleep(0.1)
        return _make(work)

    targets = [tmp_path / str(number) for number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        was_there = list(pool.map(lambda target: restore("key", target, make), targets))
    assert sorted(was_there) == [False, True, True]
    assert len(made) == 1
    assert [(target / "db").read_text() for target in targets] == ["state"] * 3


def test_nothing_is_left_of_a_failure(tmp_path: Path, store: Path) -> None:
    def fail(work: Path) -> Path:
        _make(work)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        restore("key", tmp_path / "target", fail)
    assert [it.name for it in store.iterdir()] == [".lock"]


def test_a_state_of_no_use_is_made_anew(tmp_path: Path) -> None:
    restore("key", tmp_path / "first", _make)
    discard("key")
    assert restore("key", tmp_path / "second", _make) is False


def test_what_was_unused_for_longest_goes(tmp_path: Path, store: Path) -> None:
    for number in range(KEPT):
        restore(f"key-{number}", tmp_path / f"target-{number}", _make)
        # The file system's clock may tick once for two of them.
        os.utime(store / f"key-{number}", (number, number))
    restore(f"key-{KEPT}", tmp_path / f"target-{KEPT}", _make)
    assert not (store / "key-0").exists()
    assert (store / f"key-{KEPT}").is_dir()


def test_other_programs_and_other_crds_are_another_state() -> None:
    program, crd = Path("etcd-1/server"), {"metadata": {"name": "it"}}
    keys = {
        key_of([program], [crd]),
        key_of([Path("etcd-2/server")], [crd]),
        key_of([program], [{**crd, "spec": {}}]),
    }
    assert len(keys) == 3
