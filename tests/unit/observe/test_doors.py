"""Doors: each trigger against a real HTTP answer, what opening changes, and a new one in a copy."""

import json
import shutil
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from llmplat.adapters.metrics_source import GatewayMetrics, Prometheus
from llmplat.catalog.doors import load_doors
from llmplat.catalog.load import load_catalog
from llmplat.domain.errors import CatalogError, PreconditionError
from llmplat.observe.doors import Metrics, State, judge_doors
from llmplat.plan.doors import lock_charts, open_door
from llmplat.plan.make import make_plan
from llmplat.render.tree import make_tree
from llmplat.render.tree_diff import TreeAct, diff_trees
from llmplat.spec.load import load_platform
from llmplat.spec.lock import parse_lock

HOME = Path(__file__).parents[3]
EXAMPLE = HOME / "docs" / "examples" / "cluster-production.yaml"
DOORS = load_doors(HOME)
CATALOG = load_catalog(HOME)
MEASURED = [door for door in DOORS.values() if door.trigger.query]
SWITCHED = [door for door in DOORS.values() if door.switch]
DEFERRED = {
    "capsule", "vcluster", "keda-http-add-on", "lmcache", "weight-fan-out", "run-ai-streamer",
    "mlflow", "pgvector", "image-verification", "mps", "dra",
}  # fmt: skip
GATEWAY_TEXT = "\n".join(
    f'llmplat_requests_total{{tenant="t{n}",app="a",outcome="completed"}} 1' for n in range(12)
)


@pytest.fixture
def server():
    """Answers as Prometheus does, with the value that the test puts into `answers`."""
    answers = {"value": "0", "asked": [], "body": None}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answers["asked"].append(self.path)
            rows = (
                [] if answers["value"] is None else [{"metric": {}, "value": [1, answers["value"]]}]
            )
            body = json.dumps(
                {"status": "success", "data": {"resultType": "vector", "result": rows}}
            )
            if self.path == "/metrics":
                body = GATEWAY_TEXT
            body = (answers["body"] or body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    answers["url"] = f"http://127.0.0.1:{server.server_port}"
    yield answers
    server.shutdown()
    server.server_close()


def judged(door, metrics):
    return judge_doors([door], metrics, ["kueue"]).doors[0]


def test_every_deferred_component_of_the_reference_is_a_door():
    assert set(DOORS) >= DEFERRED


@pytest.mark.parametrize("door", MEASURED, ids=lambda d: d.name)
def test_a_trigger_is_met_beyond_its_limit_only(door, server):
    limit = door.trigger.above if door.trigger.above is not None else door.trigger.below
    is_above = door.trigger.above is not None
    metrics = Metrics(server["url"], query=Prometheus(server["url"]).query)
    for value, beyond in ((limit + 1, is_above), (limit, False), (limit - 1, not is_above)):
        server["value"] = str(value)
        assert judged(door, metrics).state is (State.MET if beyond else State.NOT_MET)
    (query,) = parse_qs(urlsplit(server["asked"][-1]).query)["query"]
    assert query == door.trigger.query


@pytest.mark.parametrize("answer", [None, "NaN"])
def test_without_a_value_nothing_is_claimed(answer, server):
    server["value"] = answer
    one = judged(DOORS["capsule"], Metrics(server["url"], query=Prometheus(server["url"]).query))
    assert (one.state, one.value) == (State.UNKNOWN, None)
    assert "no values" in one.why


def test_who_is_no_prometheus_is_refused(server):
    for body in (
        "<html>",
        '{"status": "error", "error": "bad"}',
        '{"status": "success", "data": 5}',
    ):
        server["body"] = body
        with pytest.raises(PreconditionError, match="does not answer"):
            Prometheus(server["url"]).query("up")


def test_the_gateway_alone_tells_how_many_tenants_ask(server):
    metrics = Metrics("gateway", count_values=GatewayMetrics(server["url"], "key").count_values)
    one = judged(DOORS["capsule"], metrics)
    assert (one.state, one.value) == (State.MET, 12)
    assert judged(DOORS["mlflow"], metrics).state is State.UNKNOWN
    assert server["asked"] == ["/metrics"]


def test_what_nobody_measures_says_why():
    one = judged(DOORS["vcluster"], Metrics())
    assert one.state is State.UNKNOWN
    assert "trust" in one.why
    assert one.blocked_by == ("kueue",)


def files_of(platform, catalog=CATALOG):
    lock = parse_lock((EXAMPLE.with_suffix(".lock.yaml")).read_text("utf-8"), "lock")
    return make_tree(make_plan(platform, lock_charts(lock, catalog), catalog), catalog).files


def opened(door, catalog=CATALOG):
    return files_of(open_door(door, load_platform(EXAMPLE)).platform, catalog)


@cache
def closed():
    return files_of(load_platform(EXAMPLE).platform)


@pytest.mark.parametrize("door", SWITCHED, ids=lambda d: d.name)
def test_opening_changes_what_it_says(door):
    changes = diff_trees(door.name, closed(), opened(door)).changes
    added = {change.name for change in changes if change.act is TreeAct.ADD}
    switched = set(door.switch.get("components", {}))
    assert changes
    assert switched <= added
    assert not [change for change in changes if change.act is TreeAct.REMOVE]


@pytest.mark.parametrize("door", DOORS.values(), ids=lambda d: d.name)
def test_what_is_not_proven_says_so(door):
    assert door.is_proven != bool(door.unproven_why)
    assert door.switch or door.missing


def test_a_new_door_is_one_folder(tmp_path):
    for name in ("profiles", "templates", "infra"):
        shutil.copytree(HOME / name, tmp_path / name)
    folder = tmp_path / "templates" / "doors" / "weather"
    folder.mkdir()
    door = {
        "name": "weather", "title": "Weather", "adds": "Rain.", "deferred": "It is dry inside.",
        "trigger": {"told": "Somebody is wet.", "query": "up", "above": 3},
        "switch": {"components": {"weather": {"enabled": True}}},
        "proof": {"here": False, "why": "no sky"},
    }  # fmt: skip
    component = {
        "name": "weather", "layer": "platform", "purpose": "Rain.", "needs": ["kubernetes"],
        "requires": ["namespaces"], "optional": True, "namespace": "weather",
        "kinds": {"namespaced": ["apps/Deployment"]},
        "version": {
            "chart": "weather", "repository": "oci://registry.example.com/charts", "pinned": "1.2.3",
            "app": "1", "source": "https://example.com", "as_of": "2026-11-21",
        },
    }  # fmt: skip
    (folder / "door.yaml").write_text(yaml.safe_dump(door))
    (folder / "component.yaml").write_text(yaml.safe_dump(component))
    catalog, made = load_catalog(tmp_path), load_doors(tmp_path)["weather"]
    changes = diff_trees("weather", closed(), opened(made, catalog)).changes
    assert "weather" in {change.name for change in changes if change.act is TreeAct.ADD}


def test_a_door_that_nothing_opens_and_nothing_explains_is_refused(tmp_path):
    folder = tmp_path / "templates" / "doors" / "x"
    folder.mkdir(parents=True)
    (folder / "door.yaml").write_text(
        "name: x\ntitle: X\nadds: a\ndeferred: b\ntrigger: {told: t, unmeasured: u}\nproof: {here: true}\n"
    )
    with pytest.raises(CatalogError):
        load_doors(tmp_path)
