"""The state folder as the last `up` left it, read back for comparison."""

import json

from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_running import LocalRunningParts
from llmplat.adapters.local_state import ServiceEntry, State, write_state

ENTRY = ServiceEntry(
    name="engine-m",
    role="engine",
    host="127.0.0.1",
    port=4001,
    probe_path="/health",
    probe_timeout_s=5,
    startup_budget_s=5,
    stop_grace_s=5,
    memory_bytes=1,
    digest="d",
    model="m",
)


def written(tmp_path, argv):
    """A state with one engine started by `argv`, and its reader."""
    home = LocalHome("demo", tmp_path)
    home.make()
    write_state(home.state_file, State("demo", (ENTRY,)), "0")
    env = {"CONFIG": f"{home.config_dir}/x", "PYTHONPATH": "/code", "LLMPLAT_REDIS_URL": "unix:x"}
    (home.run / "engine-m.json").write_text(json.dumps({"argv": argv, "env": env}), "utf-8")
    return home, LocalRunningParts("demo", tmp_path, tmp_path / "cache")


def test_folders_are_placeholders_again(tmp_path):
    argv = ["/c/environments/vllm-cpu-0/bin/python", "-m", "x", "--model", "/c/models/abc"]
    _, parts = written(tmp_path, argv)
    (service,) = parts.services()
    assert service.runtime_dir == "/c/environments/vllm-cpu-0"
    assert service.model_dir == "/c/models/abc"
    assert service.argv == ("-m", "x", "--model", "{model_dir}")
    assert service.env == (("CONFIG", "{config_dir}/x"),)
    assert service.is_alive is False


def test_files_are_read_as_they_are(tmp_path):
    home, parts = written(tmp_path, ["python"])
    (home.config_dir / "policy.json").write_text("{}", "utf-8")
    assert parts.file("policy.json") == "{}"
    assert parts.file("litellm.yaml") is None


def test_nothing_was_ever_started(tmp_path):
    assert LocalRunningParts("demo", tmp_path, tmp_path).services() == ()


def test_a_lost_launch_file_counts_as_not_running(tmp_path):
    home, parts = written(tmp_path, ["python"])
    (home.run / "engine-m.json").write_text("{", "utf-8")
    assert parts.services() == ()
