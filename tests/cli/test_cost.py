"""`llmplat cost` by its words: forms, times, files, and platforms it cannot tell of."""

import json
import time
from pathlib import Path

import pytest

from llmplat.gateway.store import SqliteStore


@pytest.fixture
def ledger(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("LLMPLAT_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "state" / "demo" / "ledger"
    folder.mkdir(parents=True)
    now_ms = round(time.time() * 1000)
    head = ("team", "app", "smollm2-135m", "interactive")
    SqliteStore(folder / "requests.sqlite").write(
        [
            (
                "req-1",
                now_ms - 2000,
                *head,
                "m@0",
                "engine",
                5,
                7,
                12_000_000,
                40,
                "answered",
                "",
                "",
            ),
            ("req-2", now_ms, *head, "", "", 0, 0, 0, 0, "refused", "budget_app", ""),
        ],
        now_ms // 60_000,
    )


def test_json_has_rows_models_and_refusals(llmplat, ledger) -> None:
    ran = llmplat("cost", "--since", "24h", "-o", "json")
    document = json.loads(ran.out)
    assert ran.code == 0
    assert document["kind"] == "Cost"
    assert document["total"]["nanousd"] == 12_000_000
    assert document["models"][0]["model"] == "smollm2-135m"
    assert document["refusals"] == [["budget_app", 1]]


def test_a_person_sees_the_table(llmplat, ledger) -> None:
    ran = llmplat("cost", "--since", "1d", "-o", "human")
    assert "$0.01 charged" in ran.out
    assert "refused: budget_app 1" in ran.out


def test_requests_are_listed_oldest_first(llmplat, ledger) -> None:
    ran = llmplat("cost", "--requests", "--since", "1d", "-o", "plain")
    assert [line.split("\t")[0] for line in ran.out.splitlines()] == ["req-1", "req-2"]


def test_files_are_written(llmplat, ledger, tmp_path) -> None:
    table, page = tmp_path / "c.csv", tmp_path / "c.html"
    ran = llmplat("cost", "--since", "1d", "--csv", str(table), "--html", str(page))
    assert ran.code == 0
    assert table.read_text().splitlines()[1].startswith("team,1,1,")
    assert page.read_text().startswith("<!doctype html>")


def test_a_time_that_is_none(llmplat) -> None:
    ran = llmplat("cost", "--since", "yesterday")
    assert ran.code == 3
    assert "is no time" in ran.err


def test_a_cluster_without_the_ledger_says_how_to_have_one(llmplat) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "cluster-smallest.yaml"
    ran = llmplat("cost", "-f", str(example))
    assert ran.code == 5
    assert "keeps no record of requests" in ran.err
    assert "components: {usage-ledger: {enabled: true}}" in ran.err
