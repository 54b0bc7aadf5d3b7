"""SIGKILL from outside, at every step and at random times; afterwards `up` makes it whole."""

import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.local.kit import LocalPlatform, kill, wait_until

STEPS = (
    "lock",
    "Check this machine",
    "install",
    "model",
    "prepare",
    "write",
    "services",
    "wait",
    "Ask for a first answer",
)
WHOLE = {"supervisor": 1, "engine-stub": 1, "counters": 1, "gateway": 2}
"""Living processes by service; the gateway's server is a child of the gateway."""
SEED = 20261121


def keys_text() -> str:
    key = "a" * 64
    return (
        "apiVersion: llmplat.dev/v1alpha1\nkind: Keys\nkeys:\n"
        f"- {{id: k1, tenant: team, app: app, sha256: {key}, created: '2026-01-01T00:00:00Z'}}\n"
    )


def kill_all(up: "subprocess.Popen[str]") -> None:
    """The run and everything in its session dies at once, as in a lost terminal."""
    with suppress(ProcessLookupError):
        os.killpg(up.pid, signal.SIGKILL)
    up.communicate(timeout=60)


def is_stopped(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "T"


def assert_whole(platform: LocalPlatform) -> None:
    wait_until(lambda: platform.census() == WHOLE, f"{platform.census()} to become whole")
    platform.assert_healthy()


@pytest.mark.parametrize("is_first", [True, False], ids=["from-nothing", "over-a-changed-one"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_the_next_up_makes_it_whole(
    platform: LocalPlatform, step: str, is_first: bool
) -> None:
    keys = platform.folder / "keys.yaml"
    keys.write_text(keys_text())
    spent = 0
    if not is_first:
        platform.up()
        spent = platform.spent()
        platform.context = 1024
    before = read_secrets(platform)
    platform.stop_at = step
    dying = platform.start_up()
    wait_until(lambda: dying.poll() is not None or is_stopped(dying.pid), f"step {step}")
    assert dying.poll() is None, dying.stdout and dying.stdout.read()
    kept = {**before, **read_secrets(platform)}
    kill_all(dying)
    platform.stop_at = ""
    platform.up()
    assert_whole(platform)
    assert read_secrets(platform).items() >= kept.items()
    assert platform.spent() > spent
    assert keys.read_text() == keys_text()


def read_secrets(platform: LocalPlatform) -> dict[str, str]:
    return platform.secrets() if (platform.state / "secrets").is_dir() else {}


@pytest.mark.timeout(3000)
def test_killed_at_twenty_random_times_the_next_up_makes_it_whole(
    platform: LocalPlatform,
) -> None:
    chance = random.Random(SEED)
    platform.up()
    platform.down()
    secrets = platform.fingerprint()
    began = time.monotonic()
    up = platform.start_up()
    said, _ = up.communicate(timeout=600)
    assert up.returncode == 0, said
    whole_s = time.monotonic() - began
    spent = platform.spent()
    for turn in range(20):
        if chance.random() < 0.6:
            platform.down()
        else:
            platform.context = chance.choice([512, 1024, 2048])
        dying = platform.start_up()
        time.sleep(chance.uniform(0.0, whole_s))
        kill_all(dying)
        report = platform.up()
        assert_whole(platform)
        assert platform.fingerprint() == secrets
        now = platform.spent()
        # Nothing that was ever counted is lost, and the new proof is on top.
        assert now >= spent + report.proofs[0].tokens, f"turn {turn}"
        spent = now


@pytest.mark.parametrize("service", ["engine-stub", "gateway", "counters"])
def test_a_killed_part_comes_back_by_itself_without_leftovers(
    platform: LocalPlatform, service: str
) -> None:
    platform.up()
    spent, secrets, pid = platform.spent(), platform.fingerprint(), platform.pid_of(service)
    # What the killed part leaves behind may go on answering until the next life sweeps it away.
    old = {process.pid for process in platform.processes() if process.service == service}
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: platform.pid_of(service) not in {0, pid}, f"another {service}")
    wait_until(lambda: not old & {one.pid for one in platform.processes()}, "the orphans' end")
    assert_whole(platform)
    assert platform.spent() == spent
    assert platform.fingerprint() == secrets
    restarts = {one.name: one.restarts for one in platform.status().services}
    assert restarts[service] == 1
    assert set(platform.up().kept) == {"engine-stub", "gateway", "counters"}


def test_a_killed_supervisor_takes_its_parts_along_and_up_brings_all_back(
    platform: LocalPlatform,
) -> None:
    platform.up()
    spent, secrets = platform.spent(), platform.fingerprint()
    supervisor = next(one for one in platform.processes() if one.service == "supervisor")
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: platform.census().get("counters", 0) == 0, "the end of the counters")
    status = platform.status()
    assert not status.is_healthy
    assert status.next_step == "llmplat up"
    platform.up()
    assert_whole(platform)
    assert platform.spent() > spent
    assert platform.fingerprint() == secrets


def test_leftovers_of_a_killed_supervisor_do_not_outlive_down(platform: LocalPlatform) -> None:
    platform.up()
    # Once the supervisor is gone nobody tells which process is the gateway's own.
    gateway = platform.pid_of("gateway")
    supervisor = next(one for one in platform.processes() if one.service == "supervisor")
    for pid in (supervisor.pid, gateway):
        kill(pid)
    platform.down()
    assert platform.processes() == []


def test_everything_killed_at_once_loses_nothing(platform: LocalPlatform) -> None:
    platform.up()
    spent, secrets = platform.spent(), platform.fingerprint()
    platform.end_everything()
    assert platform.processes() == []
    report = platform.up()
    assert_whole(platform)
    assert platform.spent() == spent + report_tokens(report)
    assert platform.fingerprint() == secrets


def report_tokens(report) -> int:
    """Tokens the stub counts for one proof: those of the prompt too."""
    return report.proofs[0].tokens + 10
