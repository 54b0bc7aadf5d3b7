"""What `up` would change, told from what runs."""

import dataclasses
import importlib.util
from pathlib import Path

import pytest

from llmplat.apply.diff import Act, make_diff
from llmplat.apply.services import make_config_files
from llmplat.catalog.load import load_catalog
from llmplat.domain.ports import RunningService
from llmplat.plan.launch import CONFIG_DIR, MODEL_DIR
from llmplat.plan.make import make_plan
from llmplat.render.processes import spell_process
from llmplat.spec.load import default_platform

HOME = Path(__file__).parents[3]
_spec = importlib.util.spec_from_file_location(
    "running_parts", HOME / "tests" / "fakes" / "running_parts.py"
)
_fakes = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_fakes)

CATALOG = load_catalog(HOME)
PLATFORM = default_platform().platform
PLAN = make_plan(PLATFORM, None, CATALOG)


def as_started(launch):
    """The service as `up` starts it."""
    process = spell_process(
        launch, host="127.0.0.1", port=launch.port, model_dir=MODEL_DIR, config_dir=CONFIG_DIR
    )
    model_dir = "/cache/models/abc" if launch.runtime.startswith("vllm") else None
    folder = f"/cache/environments/{launch.runtime}-0123456789ab"
    return RunningService(launch.name, folder, model_dir, process.argv, process.env, is_alive=True)


@pytest.fixture
def running():
    services = tuple(as_started(launch) for launch in (*PLAN.engines, PLAN.gateway))
    files = {file.path: file.content for file in make_config_files(PLAN)}
    return _fakes.FakeRunningParts(services, files)


def changed(running, **updates):
    """A copy with the first service (the engine) changed."""
    first, *rest = running.running
    return dataclasses.replace(running, running=(dataclasses.replace(first, **updates), *rest))


def replan(**updates):
    model = PLATFORM.models[0].model_copy(update=updates)
    return make_plan(PLATFORM.model_copy(update={"models": (model,)}), None, CATALOG)


def test_nothing_changes_when_all_runs_as_planned(running):
    assert make_diff(PLAN, running).changes == ()


def test_everything_starts_where_nothing_runs():
    changes = make_diff(PLAN, _fakes.FakeRunningParts()).changes
    assert [(change.act, change.name) for change in changes] == [
        (Act.START, "engine-smollm2-135m"),
        (Act.START, "gateway"),
        (Act.REWRITE, "litellm.yaml"),
        (Act.REWRITE, "policy.json"),
    ]


def test_a_changed_option_replaces_its_service_and_shows_how(running):
    changes = make_diff(replan(context=1024), running).changes
    assert changes[0].act is Act.REPLACE
    assert "---max-model-len 2048" in changes[0].details
    assert "+--max-model-len 1024" in changes[0].details
    assert [change.name for change in changes] == ["engine-smollm2-135m", "policy.json"]


def test_what_is_not_alive_is_started(running):
    (change,) = make_diff(PLAN, changed(running, is_alive=False)).changes
    assert (change.act, change.details) == (Act.START, ("it is not running",))


def test_what_nobody_wants_is_removed(running):
    extra = dataclasses.replace(running.running[0], name="engine-old")
    more = dataclasses.replace(running, running=(*running.running, extra))
    (change,) = make_diff(PLAN, more).changes
    assert (change.act, change.name) == (Act.REMOVE, "engine-old")


def test_another_environment_or_variable_is_seen(running):
    other = changed(running, runtime_dir="/cache/environments/vllm-cuda-0123456789ab")
    assert make_diff(PLAN, other).changes[0].act is Act.REPLACE
    assert make_diff(PLAN, changed(running, env=())).changes[0].act is Act.REPLACE


def test_another_content_of_the_model_is_seen(running):
    model = dataclasses.replace(PLAN.models[0], digest="sha256:def")
    plan = dataclasses.replace(PLAN, models=(model,))
    (change,) = make_diff(plan, running).changes
    assert "serves the content sha256:def" in change.details[0]


def test_a_file_that_differs_is_rewritten(running):
    running.files["policy.json"] = running.files["policy.json"].replace("256", "255")
    (change,) = make_diff(PLAN, running).changes
    assert (change.act, change.name) == (Act.REWRITE, "policy.json")
    assert any(line.startswith("+") and "256" in line for line in change.details)
