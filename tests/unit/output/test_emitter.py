"""Who hears what: level by level, form by form, stream by stream."""

import io
import json
import re
from dataclasses import dataclass

import pytest

from llmplat.domain.errors import Finding, LlmplatError
from llmplat.output.emitter import Emitter, Streams
from llmplat.output.mask import Masker
from llmplat.output.run_log import RunLog
from llmplat.output.settings import Format, Level
from llmplat.output.view import View


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Report:
    free_bytes: int
    word: str


VIEW: View[Report] = View(
    "Report",
    lambda r, theme: [theme.title(r.word)],
    lambda r: [(r.word, r.free_bytes, None, True)],
    findings=lambda report: [Finding("found", report.word)],
)


LOGS: list[RunLog] = []
TIME = r"\d+(\.\d)? m?s"
"""Milliseconds, or more on a machine that is busy."""


@pytest.fixture(autouse=True)
def closed_logs():
    yield
    while LOGS:
        LOGS.pop().close()


def make(level: Level, form: Format = Format.PLAIN, *, folder=None, terminal: bool = False):
    streams = Streams(*((Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())))
    LOGS.append(RunLog(folder, "test"))
    emitter = Emitter(streams, LOGS[-1], Masker())
    emitter.level, emitter.format = level, form
    return emitter, streams


def tell_all(emitter: Emitter) -> None:
    with emitter.step("the step") as step:
        emitter.child("the child")
        step.advance(1024, 4096)
        step.detail("the detail")
    emitter.note("the note")
    emitter.warn("the warning")
    emitter.hint("the hint")
    emitter.result(Report(7, "the answer"), VIEW)


HEARD = {
    Level.QUIET: {"warning"},
    Level.BRIEF: {"warning", "step", "detail", "hint"},
    Level.VERBOSE: {"warning", "step", "detail", "hint", "note", "child"},
    Level.DEBUG: {"warning", "step", "detail", "hint", "note", "child"},
}


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("form", [Format.PLAIN, Format.HUMAN])
def test_each_level_hears_its_share(level: Level, form: Format) -> None:
    emitter, streams = make(level, form)
    tell_all(emitter)
    heard = {word for word in HEARD[Level.DEBUG] if f"the {word}" in streams.err.getvalue()}
    assert heard == HEARD[level]
    assert "the answer" in streams.out.getvalue()
    assert "the answer" not in streams.err.getvalue()


def test_json_keeps_stderr_silent_and_carries_warnings() -> None:
    emitter, streams = make(Level.BRIEF, Format.JSON)
    tell_all(emitter)
    assert streams.err.getvalue() == ""
    document = json.loads(streams.out.getvalue())
    assert document == {
        "apiVersion": "llmplat.dev/v1alpha1",
        "kind": "Report",
        "freeBytes": 7,
        "word": "the answer",
        "notices": ["the warning"],
    }


def test_plain_is_tab_separated() -> None:
    emitter, streams = make(Level.BRIEF)
    emitter.result(Report(7, "a\tb\nc"), VIEW)
    assert streams.out.getvalue() == "a b c\t7\t-\tyes\n"


def test_a_failed_step_says_so_and_lets_the_error_through() -> None:
    emitter, streams = make(Level.BRIEF)
    with pytest.raises(LlmplatError), emitter.step("the step"):
        raise LlmplatError("no")
    assert "failed: the step" in streams.err.getvalue()


def test_a_step_tells_its_time() -> None:
    emitter, streams = make(Level.BRIEF)
    with emitter.step("the step"):
        pass
    assert re.search(rf"the step  {TIME}", streams.err.getvalue())


def test_spinners_leave_one_line_per_step_on_a_terminal() -> None:
    emitter, streams = make(Level.BRIEF, Format.HUMAN, terminal=True)
    with emitter.step("outer"), emitter.step("inner") as step:
        emitter.child("passing words")
        step.detail("done well")
    emitter.warn("late")
    bare = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", streams.err.getvalue())
    assert re.search(rf"✔ inner \(done well\)  {TIME}", bare)
    assert re.search(rf"✔ outer  {TIME}", bare)
    assert "warning: late" in bare


def test_no_spinner_in_ci() -> None:
    emitter, streams = make(Level.BRIEF, Format.HUMAN, terminal=True)
    streams.env = {"CI": "true", "NO_COLOR": "1"}
    tell_all(emitter)
    assert "\x1b" not in streams.err.getvalue()
    assert "the child" not in streams.err.getvalue()


def test_ascii_streams_get_ascii_signs() -> None:
    emitter, streams = make(Level.BRIEF, Format.HUMAN)
    emitter.warn("careful")
    assert streams.err.getvalue() == "! warning: careful\n"


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("form", Format)
def test_a_secret_is_nowhere(level: Level, form: Format, tmp_path) -> None:
    emitter, streams = make(level, form, folder=tmp_path)
    secret = "hunter2-hunter2"
    emitter.masker.add(secret)
    with emitter.step(f"step {secret}") as step:
        step.detail(f"detail {secret}")
        emitter.child(f"child {secret}")
    emitter.note(f"note {secret}")
    emitter.warn(f"warn {secret}")
    emitter.hint(f"hint {secret}")
    emitter.answer(f"answer {secret}\n")
    emitter.result(Report(1, secret), VIEW)
    emitter.error(LlmplatError(f"what {secret}", f"why {secret}", (secret,), details=secret))
    log = next(tmp_path.glob("*.log")).read_text()
    for text in (streams.out.getvalue(), streams.err.getvalue(), log):
        assert secret not in text
    assert "***" in log


def test_the_log_has_the_whole_story_even_when_quiet(tmp_path) -> None:
    emitter, _ = make(Level.QUIET, folder=tmp_path)
    tell_all(emitter)
    emitter.error(LlmplatError("it broke", details="inner words"))
    log = next(tmp_path.glob("*.log"))
    text = log.read_text()
    words = ("the step", "the child", "the note", "the warning", "the hint", "it broke")
    assert all(word in text for word in (*words, "inner words", "LlmplatError"))
    assert log.stat().st_mode & 0o777 == 0o600


def test_the_last_ten_logs_are_kept(tmp_path) -> None:
    for index in range(15):
        (tmp_path / f"20200101T0000{index:02}Z-1-plan.log").write_text("old")
    log = RunLog(tmp_path, "plan")
    log.write("note", "new")
    log.close()
    kept = sorted(path.name for path in tmp_path.glob("*.log"))
    assert len(kept) == 10
    assert log.path is not None
    assert log.path.name in kept
    assert "20200101T000014Z-1-plan.log" in kept


def test_a_folder_that_cannot_be_written_costs_the_log_only(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    log = RunLog(tmp_path / "file" / "logs", "plan")
    log.write("note", "lost")
    assert log.path is None
