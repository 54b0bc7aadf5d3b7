"""No planted secret is in any log, rendered file, command line or answer of the real platform."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from llmplat.adapters.local_home import LocalHome
from llmplat.adapters.local_sweep import marked
from tests.engine.conftest import HUB_TOKEN
from tests.engine.real import RealPlatform

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def planted(platform: RealPlatform) -> dict[str, str]:
    """By name: every secret that is in use, a tenant's key among them."""
    folder = next(platform.folder.rglob("secrets"))
    held = {path.name: path.read_text().strip() for path in folder.iterdir() if path.is_file()}
    assert {"engine-key", "redis-password", "system-key"} <= set(held)
    return {**held, "tenant-key": platform.key("open/app"), "hub-token": HUB_TOKEN}


def test_no_secret_is_in_a_file(platform: RealPlatform, planted: dict[str, str]) -> None:
    ask_twice(platform, planted["tenant-key"])
    read = 0
    for path in list_files(platform.folder):
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # the platform runs: one that it put in place or threw away
            continue
        read += 1
        found = [name for name, value in planted.items() if value.encode() in content]
        assert found == [], path
    assert read > 10
    for path in next(platform.folder.rglob("secrets")).iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_no_secret_is_in_a_command_line(platform: RealPlatform, planted: dict[str, str]) -> None:
    home = LocalHome("engine-tests", platform.folder / "state" / "engine-tests")
    processes = list(marked(home.state_id))
    read = set()
    for process in processes:
        try:
            line = " ".join(psutil.Process(process.pid).cmdline())
            environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            continue
        read.add(process.service)
        assert [name for name, value in planted.items() if value in line] == [], line
        assert planted["hub-token"].encode() not in environment
        assert planted["tenant-key"].encode() not in environment
    assert {"supervisor", "gateway", "counters"} <= read


def test_no_secret_is_in_what_the_commands_say(
    platform: RealPlatform, planted: dict[str, str]
) -> None:
    said = [platform.up_stdout]
    for words in (["status"], ["plan"], ["logs", "--lines", "1000"], ["keys", "list"], ["doctor"]):
        done = platform.run(*words, "-o", "json", "--verbose", check=False)
        json.loads(done.stdout)
        said += [done.stdout, done.stderr]
    for text in said:
        assert [name for name, value in planted.items() if value in text] == []


def list_files(folder: Path) -> Iterator[Path]:
    """All but links and what is in the folder of secrets; what vanishes meanwhile is left out."""
    for place, _, names in os.walk(folder):
        for path in (Path(place) / name for name in names):
            if path.parent.name != "secrets" and path.is_file() and not path.is_symlink():
                yield path


def ask_twice(platform: RealPlatform, key: str) -> None:
    """One answer and one refusal, so that logs have something to leak."""
    body = {"model": "default", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 2}
    for sent in (key, key + "x"):
        httpx.post(
            f"{platform.url}/v1/chat/completions",
            json=body,
            headers={"authorization": f"Bearer {sent}"},
            timeout=300,
        )
