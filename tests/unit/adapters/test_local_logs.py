"""Lines of log files: the last, those of the last life, and new ones over a rotation."""

from pathlib import Path
from typing import IO, Any

import pytest

from llmplat.adapters import local_logs
from llmplat.adapters.local_logs import ends_of, follow, last_lines, lines_of_last_life
from llmplat.domain.substrate import LogLine


def test_last_lines_and_those_of_the_last_life(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("old\nllmplat: starting a (pid 1)\n\none\ntwo\n")
    assert last_lines(log, 2) == ["one", "two"]
    assert last_lines(log, 0) == []
    assert lines_of_last_life(log, 10) == ["one", "two"]
    assert last_lines(tmp_path / "absent", 5) == []


def test_new_lines_are_followed_whole_and_over_a_rotation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, other = tmp_path / "a.log", tmp_path / "b.log"
    log.write_text("before\n")
    other.write_text("")
    acts = iter([lambda: add(log, "half"), lambda: add(log, " and half\n"), lambda: rotate(log)])
    # Each wait for news brings some.
    monkeypatch.setattr(local_logs.time, "sleep", lambda _s: next(acts)())
    files = {"a": log, "b": other}
    lines = follow(files, ends_of(files))
    assert [next(lines) for _ in range(2)] == [
        LogLine("a", "half and half"),
        LogLine("a", "new file"),
    ]


def test_a_line_between_the_last_ones_and_the_new_ones_is_told_once(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("before\n")
    places = ends_of({"a": log})
    add(log, "between\n")
    assert last_lines(log, 5, places["a"]) == ["before"]
    assert next(follow({"a": log}, places)) == LogLine("a", "between")


def test_a_rotation_while_a_log_is_opened_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "a.log"
    log.write_text("before\n")
    lines = follow({"a": log}, ends_of({"a": log}))
    really, acts = Path.open, iter([lambda: rotate(log)])

    def open_and_rotate(path: Path, *words: Any, **rest: Any) -> IO[Any]:
        file = really(path, *words, **rest)
        next(acts, lambda: None)()
        return file

    monkeypatch.setattr(Path, "open", open_and_rotate)
    assert next(lines) == LogLine("a", "new file")


def add(log: Path, text: str) -> None:
    log.write_text(log.read_text() + text)


def rotate(log: Path) -> None:
    log.rename(log.with_suffix(".1"))
    log.write_text("new file\n")
