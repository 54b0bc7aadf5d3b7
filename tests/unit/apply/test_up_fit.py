"""`up` and models that do not fit for certain: nothing is touched before somebody agrees."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from llmplat.apply.up import FitConsent, UpTools, up
from llmplat.domain.errors import DoesNotFitError, PlanError
from tests.fakes.recording_progress import RecordingProgress
from tests.unit.plan import planning
from tests.unit.plan.test_gpu_sizing import lock, model

UNFIT = model("gpu: l4, context: 131072")


class UntouchedSubstrate:
    """Lets itself be claimed; everything behind planning is a failure of the test."""

    def claim(self, verb: str):
        return nullcontext()

    def mark(self, verb: str, step: str) -> None:
        if step != "lock":
            raise ReachedError

    def preflight(self, needs: object):
        raise ReachedError


class ReachedError(Exception):
    """The run went on behind planning."""


def tools() -> UpTools:
    def fail(*_: object) -> Path:
        raise AssertionError

    return UpTools(UntouchedSubstrate(), planning.catalog(), fail, fail, fail, fail, fail, fail)  # type: ignore[arg-type]  # a fake


def start(models: str, weights_gib: float, consent: FitConsent) -> None:
    platform = planning.platform(models).platform
    up(platform, lock(weights_gib=weights_gib), tools(), RecordingProgress(), consent)


def tight_gib() -> float:
    """Weights with which the model is tight on an L4 at a short context."""
    for tenths in range(150, 220):
        platform = planning.platform(TIGHT).platform
        made = planning.make_plan(
            platform, lock(weights_gib=tenths / 10), planning.catalog(), is_unfit_accepted=True
        )
        if made.tight:
            return tenths / 10
    pytest.fail("no weights are tight")


TIGHT = model("gpu: l4, context: 2048, concurrency: 1")


def test_unfit_is_refused_before_anything_is_created() -> None:
    with pytest.raises(DoesNotFitError):
        start(UNFIT, 15.0, FitConsent())


def test_unfit_goes_on_when_accepted() -> None:
    with pytest.raises(ReachedError):
        start(UNFIT, 15.0, FitConsent(is_unfit_accepted=True, is_tight_accepted=True))


def test_tight_needs_a_flag_where_nobody_can_be_asked() -> None:
    with pytest.raises(PlanError, match="nothing was started") as caught:
        start(TIGHT, tight_gib(), FitConsent())
    assert "llmplat up --accept-tight" in caught.value.fix
    with pytest.raises(ReachedError):
        start(TIGHT, tight_gib(), FitConsent(is_tight_accepted=True))


@pytest.mark.parametrize(("answer", "outcome"), [(True, ReachedError), (False, PlanError)])
def test_tight_is_asked_about(answer: bool, outcome: type[Exception]) -> None:
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question)
        return answer

    with pytest.raises(outcome):
        start(TIGHT, tight_gib(), FitConsent(ask=ask))
    assert "tight" in asked[0]
