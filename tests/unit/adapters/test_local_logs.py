"""Lines of log files: the last, those of the last life, and new ones over a rotation."""

from pathlib import Path

from llmplat.adapters.local_logs import follow, last_lines, lines_of_last_life


def test_last_lines_and_those_of_the_last_life(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("old\nllmplat: starting a (pid 1)\n\none\ntwo\n")
    assert last_lines(log, 2) == ["one", "two"]
    assert last_lines(log, 0) == []
    assert lines_of_last_life(log, 10) == ["one", "two"]
    assert last_lines(tmp_path / "absent", 5) == []


def test_new_lines_are_followed_whole_and_over_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("before\n")
    lines = follow({"a": log})
    other = tmp_path / "b.log"
    other.write_text("")
    both = follow({"a": log, "b": other})
    del lines
    # Primes the places: the first line asked for is the first written afterwards.
    import threading

    def write() -> None:
        with log.open("a") as file:
            file.write("half")
            file.flush()
            file.write(" and half\n")
        log.rename(tmp_path / "a.log.1")
        log.write_text("new file\n")

    timer = threading.Timer(0.5, write)
    timer.start()
    try:
        found = next(both)
        assert found.service == "a"
        assert found.text in {"half and half", "new file"}
    finally:
        timer.join()
