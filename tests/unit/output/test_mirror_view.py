"""What people, pipes and machines are told of a mirror."""

import io

import pytest

from llmplat.apply.mirror_copy import Copied, CopyReport
from llmplat.apply.mirror_things import Thing
from llmplat.apply.mirror_verify import Looked, VerifyReport
from llmplat.domain.errors import InputError
from llmplat.output.mirror_view import COPIED, LISTED, VERIFIED, Listed
from llmplat.output.theme import theme_of

HEX = "a" * 64
PINNED = Thing("image", "ghcr.io/a:v1", "m.example.com/ghcr.io/a:v1", f"sha256:{HEX}", 2048)
OPEN = Thing("chart", "ghcr.io/b:v1", "", None)
LIST = Listed((PINNED, OPEN))
COPY = CopyReport(
    "m.example.com",
    is_dry_run=False,
    copied=(
        Copied(PINNED, "copied", 2048),
        Copied(OPEN, "failed", error=InputError("It is not there.", "asked and told so")),
    ),
)
LOOK = VerifyReport("m.example.com", (Looked(PINNED, "ok"), Looked(OPEN, "missing", "nothing")))


def human(view, report):
    return "\n".join(view.human(report, theme_of(io.StringIO(), {}, color=False)))


def test_the_list():
    told = human(LISTED, LIST)
    assert "sha256:aaaaaaaaaaaa " in told
    assert "unknown" in told
    assert "2 things, 1 with a known digest" in told
    assert list(LISTED.plain(LIST))[1] == ("chart", "ghcr.io/b:v1", "unknown", "unknown", "")
    things = LISTED.document(LIST)["things"]
    assert things[0]["digest"] == f"sha256:{HEX}"
    assert things[1] == {"kind": "chart", "origin": "ghcr.io/b:v1", "kept": None, "digest": None,
                         "sizeBytes": None}  # fmt: skip


def test_what_was_copied():
    told = human(COPIED, COPY)
    assert "1 copied, 1 failed, 2.0 KiB sent" in told
    assert "ghcr.io/b:v1: It is not there.: asked and told so" in told
    assert list(COPIED.plain(COPY))[-1] == ("sent", "m.example.com", 2048)
    failed = COPIED.document(COPY)["things"][1]
    assert failed["error"] == {"code": "input-invalid", "what": "It is not there."}
    assert "nothing to copy" in human(COPIED, CopyReport("m", is_dry_run=True, copied=()))


@pytest.mark.parametrize(
    ("report", "last"),
    [
        (LOOK, "m.example.com: 1 of 2 are not as they must be"),
        (VerifyReport("m.example.com", (Looked(PINNED, "ok"),)), "m.example.com: all there"),
    ],
)
def test_what_was_found(report, last):
    assert human(VERIFIED, report).endswith(last)
    assert len(list(VERIFIED.plain(report))) == len(report.looked)
    assert VERIFIED.document(report)["things"][0]["state"] == "ok"
