"""Periods, policy, files, backends, errors and metrics of the gateway, each alone."""

import datetime as dt
import hashlib
import json

import pytest

from llmplat.gateway.backends import OUT_FOR_S, Backends
from llmplat.gateway.failures import make_refusal
from llmplat.gateway.metrics import make_text
from llmplat.gateway.periods import get_keep_s, get_period_end_s, get_period_id
from llmplat.gateway.policy_files import parse_keys, parse_policy
from llmplat.gateway.refusals import REFUSALS, make_error_body, make_error_headers
from llmplat.gateway.settings import Settings


def _at(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("period", "at", "name", "ends"),
    [
        ("day", "2026-12-31T23:59:59+00:00", "2026-12-31", "2027-01-01T00:00:00+00:00"),
        ("week", "2027-01-01T12:00:00+00:00", "2026-W53", "2027-01-04T00:00:00+00:00"),
        ("month", "2026-02-10T00:00:00+00:00", "2026-02", "2026-03-01T00:00:00+00:00"),
        ("month", "2026-12-31T23:00:00+00:00", "2026-12", "2027-01-01T00:00:00+00:00"),
    ],
)
def test_periods(period, at, name, ends):
    assert get_period_id(period, _at(at)) == name
    assert get_period_end_s(period, _at(at)) == _at(ends)
    assert get_keep_s(period, _at(at)) > _at(ends) - _at(at)


def test_a_total_budget_never_ends():
    assert get_period_id("total", 0) == "all"
    assert get_period_end_s("total", 0) is None
    assert get_keep_s("total", 0) == 0


def _policy() -> dict:
    app = {"budget": {"nanousd": 5, "period": "day"}, "models": ["m"], "class": None}
    return {
        "platform": "p",
        "models": {
            "m": {
                "aliases": ["a"],
                "kind": "chat",
                "context": 100,
                "price": {"input_nanousd_per_token": 1, "output_nanousd_per_token": 2},
                "capacity": {"running": 1, "waiting": 1},
            }
        },
        "classes": {"interactive": {"allowance_ms": 0, "share": 1}},
        "organisation": None,
        "tenants": {"t": app | {"apps": {"x": app}}},
        "timeouts": {"gateway_s": 10},
    }


def test_a_policy_is_read_with_its_aliases():
    policy = parse_policy(_policy())
    assert policy.spellings["a"] is policy.models["m"]
    assert policy.models["m"].max_tokens == 100


@pytest.mark.parametrize("broken", [{"platform": 1}, {"models": []}, {"timeouts": {}}])
def test_a_broken_policy_is_no_policy(broken):
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError)):
        parse_policy(broken if "platform" in broken else _policy() | broken)


def test_revoked_keys_are_not_read():
    entry = {"id": "1", "sha256": "AB", "tenant": "t", "app": "x", "expires": None}
    keys = parse_keys({"keys": [entry, entry | {"sha256": "cd", "revoked": "2026-01-01"}]})
    assert list(keys) == ["ab"]


def test_a_changed_file_is_seen_and_a_broken_one_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr("llmplat.gateway.settings._LOOK_EVERY_S", 0.0)
    (tmp_path / "policy.json").write_text(json.dumps(_policy()))
    settings = Settings(tmp_path)
    settings.refresh()
    first = settings.policy
    assert first is not None
    (tmp_path / "policy.json").write_text("{")
    settings.refresh()
    assert settings.policy is first
    (tmp_path / "new").write_text(json.dumps(_policy() | {"platform": "q"}))
    (tmp_path / "new").replace(tmp_path / "policy.json")
    settings.refresh()
    assert settings.policy is not None
    assert settings.policy.platform == "q"
    (tmp_path / "policy.json").unlink()
    settings.refresh()
    assert settings.policy.platform == "q"


def test_the_least_busy_backend_that_answers_is_picked():
    now = [0.0]
    backends = Backends(lambda: now[0])
    assert {backends.pick("m", 2, set()) for _ in range(2)} == {"m@0", "m@1"}
    backends.give("m@0", is_reachable=False)
    backends.give("m@1", is_reachable=True)
    assert [backends.pick("m", 2, set()) for _ in range(3)] == ["m@1"] * 3
    assert backends.pick("m", 2, {"m@1"}) == "m@0"
    assert backends.pick("m", 2, {"m@0", "m@1"}) is None
    now[0] = OUT_FOR_S + 0.1
    assert backends.pick("m", 2, set()) == "m@0"


@pytest.mark.parametrize("cause", sorted(REFUSALS))
def test_every_cause_has_an_answer_clients_understand(cause):
    row = REFUSALS[cause]
    error = json.loads(make_error_body(cause, "why", "field"))["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert "{" not in error["message"]
    names = {name for name, _ in make_error_headers(cause, 7)}
    assert (b"retry-after" in names) == row.has_retry_after
    assert not (row.has_retry_after and row.should_retry is False)
    assert 400 <= row.status < 600


def test_an_engine_message_passes_without_addresses():
    told = 'x - {"error": {"message": "too long, see http://10.0.0.1:4001/v1 or 127.0.0.1:9"}}'
    body = json.dumps({"error": {"message": f"litellm.BadRequestError: {told}"}}).encode()
    refused = make_refusal("engine_refused", body)
    assert refused.detail == "too long, see (address) or (address)"
    assert make_refusal("engine_refused", b"<html>").detail == "The engine refused this request."


def test_metrics_escape_labels_and_keep_units():
    fields = ["t", "a", 'm"\n\\', "m@0"]
    counters = {"\x1f".join(["spend", *fields]): 1_500_000_000}
    text = make_text(counters, {"models": [], "tenants": []})
    wanted = r'llmplat_spend_usd_total{tenant="t",app="a",model="m\"\n\\",backend="m@0"} 1.5'
    assert wanted in text.splitlines()


def test_the_platforms_own_key_needs_no_file(tmp_path):
    settings = Settings(tmp_path, "sk-llmplat-own")
    (key,) = settings.keys.values()
    assert key.is_system
    assert hashlib.sha256(b"sk-llmplat-own").hexdigest() in settings.keys
    assert Settings(tmp_path).keys == {}
