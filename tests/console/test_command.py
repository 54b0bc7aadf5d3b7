"""`llmplat console` and `llmplat keys pending|approve|reject` against a gateway that runs: from wish to good key."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml
from console_world import start_console
from gateway_world import QUICK, World, make_app, make_model, make_policy, make_tenant, wait_until

pytestmark = [pytest.mark.enable_socket]

ROOT = Path(__file__).parents[2]
PLATFORM = """\
apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: test
substrate: {{local: {{port: {port}}}}}
models:
  - {{name: stub, source: "demo://smollm2-135m-instruct"}}
tenants:
  - name: red
    apps: [{{name: web}}]
    {cap}
"""


class Platform:
    """A platform whose engines and LiteLLM are stand-ins; llmplat itself is the real one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state" / "test"
        config = self.state / "rendered" / "gateway"
        config.mkdir(parents=True)
        self.world = World(config, Path(sys.executable))

    def start(self, cap: str) -> None:
        self.world.start_redis()
        tenants = {"red": make_tenant({"web": make_app()})}
        self.world.policy = make_policy({"stub": make_model()}, tenants)
        self.world.write_policy()
        self.world.write_keys()
        system = self.world.add_key("platform", "system", id="system")
        (self.state / "secrets").mkdir()
        (self.state / "secrets" / "system-key").write_text(system)
        self.port = self.world.start_gateway(app=QUICK)
        text = PLATFORM.format(port=self.port, cap=cap)
        (self.folder / "platform.yaml").write_text(text)
        self.env = os.environ | {
            "LLMPLAT_STATE_HOME": str(self.folder / "state"),
            "LLMPLAT_CACHE_HOME": str(self.folder / "cache"),
        }
        self.key = self.llmplat("keys", "create", "red/web").stdout.strip()
        time.sleep(0.2)

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "llmplat", *words]

    def llmplat(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.argv(*words), cwd=self.folder, env=self.env, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip

    def chat(self, key: str) -> int:
        body = {"model": "stub", "messages": [{"role": "user", "content": "hi"}]}
        url = f"http://127.0.0.1:{self.port}/v1/chat/completions"
        return self.world.ask(url, body, key).status

    def keys_file(self) -> str:
        return (self.folder / "keys.yaml").read_text()


@pytest.fixture
def platform(tmp_path, request):
    made = Platform(tmp_path)
    try:
        made.start(getattr(request, "param", ""))
        yield made
    finally:
        made.world.end()


def _open(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"origin": url}, follow_redirects=True, timeout=60)


def _sign_in(client: httpx.Client, key: str) -> str:
    """The token of the session's forms."""
    page = client.post("/sign-in", data={"key": key})
    assert page.status_code == 200, page.text
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def _make_key(client: httpx.Client, token: str) -> tuple[str, str]:
    """The change's id and the key."""
    page = client.post("/tenants/red/keys", data={"token": token, "days": "7"}).text
    key, change = re.search(r'value="(sk-[^"]+)"', page), re.search(r"c-[0-9a-f]{12}", page)
    assert key is not None
    assert change is not None
    return change[0], key[1]


def test_a_wish_of_the_console_is_approved_by_the_owner(platform, tmp_path):
    url, child = start_console(tmp_path, f"http://127.0.0.1:{platform.port}")
    try:
        with _open(url) as client:
            token = _sign_in(client, platform.key)
            change, key = _make_key(client, token)
            other, _ = _make_key(client, token)
            assert platform.chat(key) == 401
            told = json.loads(platform.llmplat("keys", "pending", "-o", "json").stdout)
            assert [one["change"]["id"] for one in told["changes"]] == [change, other]
            assert "no selfService" in platform.llmplat("keys", "approve", "--within-cap").stdout
            ran = platform.llmplat("keys", "approve", change)
            assert ran.returncode == 0, ran.stderr
            time.sleep(0.3)
            assert platform.chat(key) == 200
            assert (
                platform.llmplat("keys", "reject", other, "--why", "one is enough").returncode == 0
            )
            page = client.get("/tenants/red").text
            assert "approved" in page
            assert "rejected: one is enough" in page
            assert hashlib.sha256(key.encode()).hexdigest() in platform.keys_file()
            assert key not in platform.keys_file() + child.log.read_text() + page
            causes = [r["cause"] for r in platform.world.wait_stored()]
            assert causes.count("key_create_asked") == 2
            assert {"key_create_approved", "key_create_rejected"} <= set(causes)
    finally:
        child.end()


@pytest.mark.parametrize("platform", ["selfService: {keys: 2, lifetime: 30d}"], indirect=True)
def test_the_console_of_the_command_takes_what_the_cap_allows(platform, tmp_path):
    _stand_in_environment(tmp_path)
    process = subprocess.Popen(
        platform.argv("console", "--port", "0", "-o", "plain"), cwd=tmp_path, env=platform.env,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        with _open(url) as client:
            token = _sign_in(client, platform.key)
            _, key = _make_key(client, token)
            _, beyond = _make_key(client, token)
            wait_until(lambda: platform.chat(key) == 200, 90, 0.2)
            # One more look at what the cap allows, from its begin to its end.
            assert platform.llmplat("keys", "approve", "--within-cap").returncode == 0
            time.sleep(0.2)
            assert platform.chat(beyond) == 401
            (entry,) = [
                one
                for one in yaml.safe_load(platform.keys_file())["keys"]
                if one["sha256"] == hashlib.sha256(key.encode()).hexdigest()
            ]
            assert entry["expires"] is not None
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
            with pytest.raises(httpx.ConnectError):
                httpx.get(url, timeout=60)
    finally:
        process.kill()
        process.communicate()


def _stand_in_environment(folder: Path) -> None:
    """The tests' own Python in the place of LiteLLM's environment."""
    from llmplat.adapters.environments import environment_folder
    from llmplat.catalog.runtimes import load_runtime

    place = environment_folder(load_runtime("litellm"), folder / "cache")
    (place / "bin").mkdir(parents=True)
    python = place / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (place / ".llmplat-complete.json").write_text("{}")


def test_a_platform_that_never_ran_has_no_console(tmp_path):
    env = os.environ | {"LLMPLAT_STATE_HOME": str(tmp_path), "LLMPLAT_CACHE_HOME": str(tmp_path)}
    argv = [sys.executable, "-m", "llmplat", "console"]
    ran = subprocess.run(
        argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 5
    assert "llmplat up" in ran.stderr


def test_a_taken_port_is_named(platform, tmp_path):
    _stand_in_environment(tmp_path)
    ran = platform.llmplat("console", "--port", str(platform.port))
    assert ran.returncode == 5
    assert f"Port {platform.port} is taken" in ran.stderr


def test_pending_says_when_no_gateway_answers(platform):
    platform.world.gateways[0][1].kill()
    ran = platform.llmplat("keys", "pending")
    assert ran.returncode != 0
    assert "Nothing answers" in ran.stderr


def test_which_changes_must_be_said(platform):
    for words in (("approve",), ("approve", "c-1", "--within-cap")):
        assert platform.llmplat("keys", *words).returncode == 3


def test_the_package_runs_alone(tmp_path):
    """As a ConfigMap mounts it: nothing of llmplat beside it."""
    shutil.copytree(ROOT / "llmplat" / "console", tmp_path / "llmplat" / "console")
    code = "import llmplat.console.asgi, sys; print([m for m in sys.modules if m.startswith('llmplat.')])"
    env = {
        "PYTHONPATH": str(tmp_path), "LLMPLAT_GATEWAY_URL": "http://127.0.0.1:1",
        "LLMPLAT_CONSOLE_HOSTS": "localhost",
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    loaded = set(ran.stdout.replace("'", "").strip("[]\n").split(", "))
    assert {name.split(".")[1] for name in loaded} == {"console"}
