"""Environments are installed by the real uv from hash-pinned locks, whatever happens on the way."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmplat.adapters import disk_space
from llmplat.adapters.environments import ensure_locked, environment_folder, find_environment
from llmplat.catalog.runtimes import LockedRuntime
from llmplat.domain.errors import DownloadError, PreconditionError
from llmplat.domain.mirror import FetchFrom
from tests.fakes.package_index import FakeIndex, fake_index, make_wheel
from tests.fakes.recording_progress import RecordingProgress

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.12", "3.13")

RUN = """
import sys
from pathlib import Path
sys.path.insert(0, {repository!r})
from llmplat.adapters.environments import ensure_locked
from llmplat.catalog.runtimes import LockedRuntime
from tests.fakes.recording_progress import RecordingProgress
runtime = LockedRuntime("tiny", "Tiny", "1.0", Path({lock!r}), {pythons!r}, ("x86_64", "aarch64"), "2.17", 2, 1, 1)
print(ensure_locked(runtime, Path({cache!r}), RecordingProgress()))
"""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIndex]:
    for name in [n for n in os.environ if n.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    wheels = {"tinyone": make_wheel("tinyone"), "tinytwo": make_wheel("tinytwo", os.urandom(2**20))}
    with fake_index(wheels) as running:
        monkeypatch.setenv("PIP_INDEX_URL", running.address)
        yield running


def runtime(tmp_path: Path, lock: str, **changed: object) -> LockedRuntime:
    file = tmp_path / "tiny.lock.txt"
    file.write_text(lock)
    facts: dict[str, object] = {
        "machines": ("x86_64", "aarch64"),
        "pythons": PYTHONS,
        "glibc": "2.17",
    }
    facts |= {"packages": 2, "environment_bytes": 1, "download_bytes": 1}
    return LockedRuntime("tiny", "Tiny", "1.0", file, **(facts | changed))  # type: ignore[arg-type]  # tests change one fact at a time


def value(python: Path) -> str:
    code = "import tinyone, tinytwo; print(tinyone.VALUE + tinytwo.VALUE)"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout


def test_installs_what_the_lock_pins_and_no_second_time(index: FakeIndex, tmp_path: Path) -> None:
    tiny, progress = runtime(tmp_path, index.lock()), RecordingProgress()
    assert find_environment(tiny, tmp_path) is None
    python = ensure_locked(tiny, tmp_path, progress)
    assert value(python) == "84\n"
    assert progress.of("step") == ["Install Tiny 1.0"]
    assert progress.of("detail")[-1].startswith("2 packages, ")
    again = RecordingProgress()
    assert ensure_locked(tiny, tmp_path, again) == python
    assert again.told == []


def test_behind_a_mirror_only_its_index_is_asked(
    index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = runtime(tmp_path, index.lock())
    with fake_index({}) as other:
        monkeypatch.setenv("PIP_INDEX_URL", other.address)
        monkeypatch.setenv("UV_EXTRA_INDEX_URL", other.address)
        mirror = FetchFrom(packages=index.address, is_closed=True)
        assert value(ensure_locked(tiny, tmp_path, RecordingProgress(), mirror)) == "84\n"
        assert not other.fetched


def test_a_folder_of_wheels_is_enough(index: FakeIndex, tmp_path: Path) -> None:
    tiny, wheels = runtime(tmp_path, index.lock()), tmp_path / "wheels"
    wheels.mkdir()
    mirror = FetchFrom(wheels=str(wheels), is_closed=True)
    with pytest.raises(DownloadError):
        ensure_locked(tiny, tmp_path, RecordingProgress(), mirror)
    for name, content in index.wheels.items():
        (wheels / f"{name}-1.0-py3-none-any.whl").write_bytes(content)
    assert value(ensure_locked(tiny, tmp_path, RecordingProgress(), mirror)) == "84\n"
    assert not index.fetched


def test_a_hash_mismatch_names_the_package(index: FakeIndex, tmp_path: Path) -> None:
    tiny = runtime(tmp_path, index.lock())
    index.wheels["tinytwo"] = make_wheel("tinytwo", b"swapped")
    with pytest.raises(DownloadError) as caught:
        ensure_locked(tiny, tmp_path, RecordingProgress())
    assert "hash mismatch: tinytwo==1.0" in str(caught.value.why)
    assert caught.value.fix
    assert find_environment(tiny, tmp_path) is None


def test_a_package_that_the_index_lacks_is_said_plainly(index: FakeIndex, tmp_path: Path) -> None:
    tiny = runtime(tmp_path, "absent==1.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(DownloadError, match="Installing Tiny") as caught:
        ensure_locked(tiny, tmp_path, RecordingProgress())
    assert "does not have a package that the lock pins" in str(caught.value.why)


def test_no_network_is_said_plainly_and_without_credentials(
    index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = runtime(tmp_path, index.lock())
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://someone:planted-secret@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(DownloadError) as caught:
        ensure_locked(tiny, tmp_path, RecordingProgress())
    error = caught.value
    assert "could not be reached" in str(error.why)
    assert "127.0.0.1:9" in str(error.details)
    assert "planted-secret" not in f"{error} {error.why} {error.fix} {error.details}"


def test_too_little_disk_is_said_before_anything_is_written(
    index: FakeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = runtime(tmp_path, index.lock(), environment_bytes=2**50)
    with pytest.raises(PreconditionError, match="too little disk space") as caught:
        ensure_locked(tiny, tmp_path, RecordingProgress())
    assert "1024.0 TiB" in str(caught.value.why)
    assert not environment_folder(tiny, tmp_path).exists()
    assert disk_space.free_bytes(tmp_path) > 0


def test_a_python_without_a_lock_is_refused(index: FakeIndex, tmp_path: Path) -> None:
    tiny = runtime(tmp_path, index.lock(), pythons=("3.9",))
    with pytest.raises(PreconditionError, match="cannot be installed with Python"):
        ensure_locked(tiny, tmp_path, RecordingProgress())


def test_a_machine_without_wheels_is_refused(index: FakeIndex, tmp_path: Path) -> None:
    for change in ({"machines": ("z80",)}, {"glibc": "9.1"}):
        tiny = runtime(tmp_path, index.lock(), **change)
        with pytest.raises(PreconditionError, match="on this machine"):
            ensure_locked(tiny, tmp_path, RecordingProgress())


def start(tiny: LockedRuntime, cache: Path) -> "subprocess.Popen[str]":
    code = RUN.format(
        repository=str(REPOSITORY), lock=str(tiny.lock), pythons=PYTHONS, cache=str(cache)
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_killed_in_the_middle_the_next_run_is_whole(index: FakeIndex, tmp_path: Path) -> None:
    tiny = runtime(tmp_path, index.lock())
    # However late the kill comes, nothing is whole.
    index.goes_on = threading.Event()
    with start(tiny, tmp_path) as first:
        assert index.begun.wait(300)
        first.send_signal(signal.SIGKILL)
    assert environment_folder(tiny, tmp_path).exists()
    assert find_environment(tiny, tmp_path) is None
    # Nothing in the half-made folder may reach the next environment.
    (environment_folder(tiny, tmp_path) / "left-over").touch()
    index.goes_on.set()
    python = ensure_locked(tiny, tmp_path, RecordingProgress())
    assert value(python) == "84\n"
    assert not (environment_folder(tiny, tmp_path) / "left-over").exists()


def test_two_at_once_install_once(index: FakeIndex, tmp_path: Path) -> None:
    tiny = runtime(tmp_path, index.lock())
    index.pause_s = 0.02
    runs = [start(tiny, tmp_path) for _ in range(2)]
    answers = [run.communicate(timeout=500) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert index.fetched["tinytwo"] == 1
    assert value(Path(answers[0][0].strip())) == "84\n"
