"""How far, how fast, how long still; and the same as events."""

import io
import json

import pytest

from llmplat.output.emitter import Emitter, Streams
from llmplat.output.mask import Masker
from llmplat.output.run_log import RunLog
from llmplat.output.screen import Transfer
from llmplat.output.settings import Format, Level


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_rate_and_time_left_come_when_there_is_something_to_tell() -> None:
    clock = Clock()
    transfer = Transfer(clock)
    assert transfer.text(0, 4 * 1024**2) == "0 B of 4.0 MiB"
    clock.now_s = 0.5
    assert transfer.text(1024**2, 4 * 1024**2) == "1.0 MiB of 4.0 MiB"
    clock.now_s = 2.0
    assert transfer.text(2 * 1024**2, 4 * 1024**2) == "2.0 MiB of 4.0 MiB, 1.0 MiB/s, 2.0 s left"
    assert transfer.text(2 * 1024**2, None) == "2.0 MiB, 1.0 MiB/s"


def test_what_was_there_before_does_not_count_as_speed() -> None:
    clock = Clock()
    transfer = Transfer(clock)
    transfer.rate(3 * 1024**2)
    clock.now_s = 1.0
    assert transfer.rate(4 * 1024**2) == 1024**2


def test_a_transfer_that_stands_still_promises_nothing() -> None:
    clock = Clock()
    transfer = Transfer(clock)
    transfer.rate(0)
    clock.now_s = 5.0
    assert transfer.seconds_left(0, 10) is None


@pytest.mark.parametrize(
    ("form", "level", "told"),
    [
        (Format.JSON, Level.BRIEF, True),
        (Format.JSON, Level.QUIET, False),
        (Format.PLAIN, Level.BRIEF, False),
    ],
)
def test_events_are_told_with_json_and_not_when_quiet(
    form: Format, level: Level, *, told: bool
) -> None:
    streams = Streams(io.StringIO(), io.StringIO())
    masker = Masker()
    masker.add("geheimnis")
    emitter = Emitter(streams, RunLog(None, "test"), masker)
    emitter.format, emitter.level = form, level
    emitter.tell_events()
    with emitter.step("send geheimnis") as step:
        step.advance(1, 2)
        step.detail("done")
    emitter.hint("go on")
    said = streams.err.getvalue()
    assert "geheimnis" not in said
    if not told:
        assert '"event"' not in said
        return
    events = [json.loads(line) for line in said.splitlines()]
    assert [one["event"] for one in events] == ["begin", "progress", "end", "hint"]
    assert events[1]["doneBytes"] == 1
    assert (events[2]["outcome"], events[2]["detail"]) == ("ok", "done")
