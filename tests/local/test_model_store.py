"""The store: whole, verified and read-only, whatever breaks off on the way."""

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from llmplat.adapters import disk_space, model_source_hub
from llmplat.adapters.model_describe import describe_model
from llmplat.adapters.model_source import open_source
from llmplat.adapters.model_store import StoredModel, ensure_model, model_folder
from llmplat.adapters.patience import Patience
from llmplat.domain.errors import DownloadError, InputError, PreconditionError
from llmplat.domain.model_record import ModelRecord
from llmplat.domain.ports import ModelFile
from tests.fakes.hub import COMMIT, FakeHub, fake_hub
from tests.fakes.recording_progress import RecordingProgress
from tests.fakes.small_model import small_model, write_model

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = "hf://org/tiny@main"
WEIGHTS = "model.safetensors"
SERVED = ("config.json", WEIGHTS, "tokenizer.json")

RUN = """
import sys
from pathlib import Path
sys.path.insert(0, {repository!r})
from llmplat.adapters.model_store import ensure_model
from tests.fakes.recording_progress import RecordingProgress
print(ensure_model({source!r}, None, Path({cache!r}), RecordingProgress()).path)
"""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    quick = Patience(attempts=3, first_delay_s=0.01, connect_timeout_s=60, read_timeout_s=60)
    monkeypatch.setattr(model_source_hub, "Patience", lambda: quick)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with fake_hub(small_model(2_000_000)) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        yield running


def describe(source: str = SOURCE) -> ModelRecord:
    return describe_model(open_source(source), source, RecordingProgress())


def ensure(cache: Path, locked: ModelRecord | None = None, source: str = SOURCE) -> StoredModel:
    return ensure_model(source, locked, cache, RecordingProgress())


def check_whole(stored: StoredModel, hub: FakeHub) -> None:
    assert sorted(path.name for path in stored.path.iterdir()) == sorted(SERVED)
    for name in SERVED:
        assert (stored.path / name).read_bytes() == hub.files[name]
        assert (stored.path / name).stat().st_mode & 0o222 == 0


def test_a_locked_model_is_fetched_once(hub: FakeHub, tmp_path: Path) -> None:
    locked = describe()
    stored = ensure(tmp_path, locked)
    check_whole(stored, hub)
    assert stored.path == model_folder(tmp_path, locked.digest)
    assert stored.weights_bytes == 2_000_000
    assert stored.config["hidden_size"] == 64
    hub.down = True
    assert ensure(tmp_path, locked) == stored


def test_what_is_locked_is_what_is_fetched_when_the_branch_moves(
    hub: FakeHub, tmp_path: Path
) -> None:
    locked = describe()
    assert locked.revision == COMMIT
    hub.files[WEIGHTS] = small_model(2_000_000, seed=1)[WEIGHTS]
    with pytest.raises(DownloadError, match=r"hash mismatch: model\.safetensors") as caught:
        ensure(tmp_path, locked)
    pinned = next(file.sha256 for file in locked.files if file.path == WEIGHTS)
    assert str(pinned) in str(caught.value.why)
    assert not model_folder(tmp_path, locked.digest).exists()
    aside = list((tmp_path / "downloads" / "set-aside").iterdir())
    assert [path.read_bytes() for path in aside] == [hub.files[WEIGHTS]]


def test_a_hub_that_states_a_wrong_hash_is_not_believed(hub: FakeHub, tmp_path: Path) -> None:
    hub.stated_sha256[WEIGHTS] = "0" * 64
    with pytest.raises(DownloadError, match="hash mismatch"):
        ensure(tmp_path)


def test_the_network_lost_in_mid_download_costs_no_byte_twice(hub: FakeHub, tmp_path: Path) -> None:
    locked = describe()
    hub.sent_bytes.clear()
    hub.drops = [700_000, 0, 0, 0]
    with pytest.raises(DownloadError, match="could not be fetched") as caught:
        ensure(tmp_path, locked)
    assert "run the command again" in caught.value.fix[0]
    hub.drops = []
    check_whole(ensure(tmp_path, locked), hub)
    assert hub.sent_bytes[WEIGHTS] == len(hub.files[WEIGHTS])


def test_a_part_that_rotted_is_fetched_anew(hub: FakeHub, tmp_path: Path) -> None:
    locked = describe()
    hub.drops = [700_000, 0, 0, 0]
    with pytest.raises(DownloadError):
        ensure(tmp_path, locked)
    hub.drops = []
    (part,) = (tmp_path / "downloads").glob(f"*/{WEIGHTS}.part")
    part.write_bytes(b"\0" * part.stat().st_size)
    check_whole(ensure(tmp_path, locked), hub)


def test_a_stored_file_that_changed_is_fetched_again(hub: FakeHub, tmp_path: Path) -> None:
    locked = describe()
    stored = ensure(tmp_path, locked)
    hub.sent_bytes.clear()
    (stored.path / "tokenizer.json").unlink()
    (stored.path / "tokenizer.json").write_bytes(b"{}")
    check_whole(ensure(tmp_path, locked), hub)
    assert hub.sent_bytes[WEIGHTS] == 0


def start(cache: Path) -> "subprocess.Popen[str]":
    code = RUN.format(repository=str(REPOSITORY), source=SOURCE, cache=str(cache))
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_part(cache: Path, count: int) -> Path:
    """The half-fetched weights, once `count` bytes of them are in the file."""
    give_up = time.monotonic() + 300
    while time.monotonic() < give_up:
        for part in (cache / "downloads").glob(f"*/{WEIGHTS}.part"):
            if part.stat().st_size >= count:
                return part
        time.sleep(0.01)
    pytest.fail("the download never got that far")


@pytest.mark.parametrize("seed", range(4))
def test_killed_in_mid_download_the_next_run_goes_on(
    hub: FakeHub, tmp_path: Path, seed: int
) -> None:
    # However late the kill comes, the weights are not whole.
    hub.chunk_bytes, hub.pause_s, hub.holds_at = 20_000, 0.01, 1_800_000
    with start(tmp_path) as first:
        part = wait_for_part(tmp_path, random.Random(seed).randrange(1, 1_500_000))
        first.send_signal(signal.SIGKILL)
    have_bytes = part.stat().st_size
    assert have_bytes < len(hub.files[WEIGHTS])
    hub.pause_s, hub.holds_at = 0.0, None
    hub.goes_on.set()
    before = len(hub.starts)
    check_whole(ensure(tmp_path), hub)
    assert (WEIGHTS, have_bytes) in hub.starts[before:]


def test_two_at_once_fetch_once(hub: FakeHub, tmp_path: Path) -> None:
    hub.chunk_bytes, hub.pause_s = 20_000, 0.005
    runs = [start(tmp_path) for _ in range(2)]
    answers = [run.communicate(timeout=500) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert len([s for name, s in hub.starts if name == WEIGHTS and s == 0]) <= 3
    assert hub.sent_bytes[WEIGHTS] < 1.1 * len(hub.files[WEIGHTS])


def test_too_little_disk_is_said_before_the_first_byte(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = describe()
    hub.sent_bytes.clear()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda _path: usage._replace(free=10**6))
    with pytest.raises(PreconditionError, match="too little disk space") as caught:
        ensure(tmp_path, locked)
    assert "short" in str(caught.value.why)
    assert hub.sent_bytes[WEIGHTS] == 0


def test_a_disk_that_fills_up_on_the_way(hub: FakeHub, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("this user may not mount a small disk")
    try:
        locked = describe()
        with pytest.MonkeyPatch.context() as patch:
            # The check beforehand looks the other way: others write to a disk, too.
            patch.setattr("llmplat.adapters.model_store.require_space", lambda *_, **__: None)
            with pytest.raises(PreconditionError, match="too little disk space") as caught:
                ensure(small, locked)
        assert "filled up" in str(caught.value.why)
        assert not model_folder(small, locked.digest).exists()
        subprocess.run(["mount", "-o", "remount,size=9m", small], check=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("llmplat.adapters.model_store.require_space", lambda *_, **__: None)
            check_whole(ensure(small, locked), hub)
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_a_folder_is_used_where_it_is(tmp_path: Path) -> None:
    root = write_model(tmp_path / "mine", small_model())
    stored = ensure(tmp_path / "cache", source=f"file://{root}")
    assert stored.path == root
    assert stored.digest == describe(f"file://{root}").digest
    assert not (tmp_path / "cache" / "models").exists()


def test_a_folder_that_changed_since_it_was_locked(tmp_path: Path) -> None:
    root = write_model(tmp_path / "mine", small_model())
    source = f"file://{root}"
    locked = describe(source)
    assert ensure(tmp_path / "cache", locked, source).digest == locked.digest
    write_model(root, {"tokenizer.json": b'{"version": "1.1"}'})
    with pytest.raises(DownloadError, match=r"hash mismatch: tokenizer\.json"):
        ensure(tmp_path / "cache", locked, source)


def test_a_folder_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_model(tmp_path / "mine", small_model())
    first = ensure(tmp_path / "cache", source=f"file://{root}")
    monkeypatch.setattr(
        "llmplat.adapters.hash_index.hash_file", lambda *_: pytest.fail("read again")
    )
    assert ensure(tmp_path / "cache", source=f"file://{root}") == first


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"config.json": None}, "it has no config.json"),
        ({"config.json": b"{"}, "not JSON"),
        ({"config.json": b"[]"}, "not a JSON object"),
        ({"tokenizer.json": None}, "no tokenizer"),
        ({WEIGHTS: None}, "pickles (pytorch_model.bin)"),
        ({WEIGHTS: None, "pytorch_model.bin": None}, "no .safetensors file"),
        ({WEIGHTS: small_model()[WEIGHTS][:-100]}, "truncated: its tensors need "),
        ({WEIGHTS: small_model()[WEIGHTS][:40]}, "truncated inside its header"),
        ({WEIGHTS: b"abc"}, "it has 3 bytes"),
        ({"model.safetensors.index.json": b'{"weight_map": {"a": "gone.safetensors"}}'}, "gone.s"),
    ],
)
def test_a_folder_that_cannot_be_served(
    tmp_path: Path, change: dict[str, bytes | None], says: str
) -> None:
    files = {k: v for k, v in (small_model() | change).items() if v is not None}
    root = write_model(tmp_path / "mine", files)
    with pytest.raises(InputError) as caught:
        ensure(tmp_path / "cache", source=f"file://{root}")
    assert says in str(caught.value.why)
    assert str(root) in caught.value.what
    assert caught.value.fix


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model folder"):
        ensure(tmp_path, source=f"file://{tmp_path / 'none'}")


def test_broken_weights_from_a_hub_never_reach_the_store(hub: FakeHub, tmp_path: Path) -> None:
    hub.files[WEIGHTS] = hub.files[WEIGHTS][:-1000]
    with pytest.raises(InputError, match=r"model\.safetensors of the model .* is broken"):
        ensure(tmp_path)


def test_a_lock_that_names_too_many_bytes(hub: FakeHub, tmp_path: Path) -> None:
    locked = describe()
    files = tuple(
        ModelFile(f.path, f.size_bytes + 10, f.sha256) if f.path == WEIGHTS else f
        for f in locked.files
    )
    with pytest.raises(DownloadError, match="ended early") as caught:
        ensure(tmp_path, replace(locked, files=files))
    assert f"{len(hub.files[WEIGHTS])} of {len(hub.files[WEIGHTS]) + 10} bytes" in str(
        caught.value.why
    )


def test_links_in_a_folder_are_followed(tmp_path: Path) -> None:
    blobs = write_model(tmp_path / "blobs", small_model())
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    for name in SERVED:
        (snapshot / name).symlink_to(blobs / name)
    assert ensure(tmp_path / "cache", source=f"file://{snapshot}").weights_bytes == 4096
