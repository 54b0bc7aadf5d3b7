"""verify sees a broken control, each by itself, and nothing wrong where nothing is."""

import json

import pytest

from llmplat.observe import controls
from llmplat.observe.attack_list import ATTACKS
from llmplat.observe.controls import CONTROLS
from llmplat.observe.verify import VerifyReport, verify
from llmplat.output import as_json, verify_view
from llmplat.output.theme import Theme
from tests.fakes.recording_progress import RecordingProgress
from tests.fakes.verify_site import FakeSite

BREAKS = {
    "keys": "Keys are needed",
    "models": "Models are fenced",
    "rate": "Requests per minute are limited",
    "parallel": "Parallel requests are limited",
    "budget": "Budgets are kept",
    "accounting": "Tokens are accounted exactly",
    "revocation": "Revocation is quick",
    "engine": "Engines are locked",
    "sockets": "Sockets are local",
    "page": "The open page says one word",
}


def run(broken: str = "") -> tuple[VerifyReport, RecordingProgress]:
    """Impatient only where a control is broken that is waited for."""
    progress = RecordingProgress()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(controls, "_SETTLE_S", 0.1)
        patch.setattr(
            controls, "REVOKED_WITHIN_S", 0.1 if broken in {"keys", "revocation"} else 120.0
        )
        return verify(FakeSite(broken), CONTROLS, progress, attacks=ATTACKS), progress


def test_a_good_platform_passes() -> None:
    report, _ = run()
    assert report.failed == 0, [c for c in report.checks if not c.held]
    assert len(report.attacks) == len(ATTACKS)


def test_every_control_can_be_seen_broken() -> None:
    assert set(BREAKS.values()) == set(CONTROLS)


@pytest.mark.parametrize("broken", sorted(BREAKS))
def test_a_broken_control_is_seen(broken: str) -> None:
    report, progress = run(broken)
    assert report.failed > 0
    outcome = dict(zip(progress.of("step"), progress.of("detail"), strict=True))
    failed = {step for step, detail in outcome.items() if detail.startswith("failed")}
    # A key that nobody made is good here: then a revoked one is good as well.
    assert failed == {BREAKS[broken]} | ({"Revocation is quick"} if broken == "keys" else set())


def test_an_attack_that_gets_through_is_named() -> None:
    report, _ = run("attacks")
    won = [outcome for outcome in report.attacks if outcome.won]
    assert won
    assert all("?model=" in outcome.name or "model=" in outcome.name for outcome in won)
    page = verify_view.markdown(report, "Made now.")
    assert "## What got through" in page
    assert won[0].name.replace("|", "\\|") in page


def test_a_control_that_cannot_be_tried_has_not_held() -> None:
    def crash(_site):
        raise ConnectionRefusedError
        yield

    report = verify(FakeSite(), {"crash": crash}, RecordingProgress(), attacks=())
    assert [check.held for check in report.checks] == [False]


@pytest.mark.parametrize("broken", ["", "budget", "attacks"])
def test_the_report_reads_well_in_every_form(broken: str) -> None:
    report, _ = run(broken)
    human = "\n".join(verify_view.VERIFY.human(report, Theme()))
    assert ("went wrong" in human) == bool(broken)
    plain = [line for line in verify_view.VERIFY.plain(report) if line[2] == "broken"]
    assert len(plain) == report.failed
    assert verify_view.VERIFY.document is not None
    data = json.loads(as_json.dump(as_json.document("V", verify_view.VERIFY.document(report))))
    assert data["failed"] == report.failed
