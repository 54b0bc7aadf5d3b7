"""An image as files: killed at any moment, the next run writes only what is not there yet."""

import json
import os
import random
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from llmplat.adapters import disk_space
from llmplat.adapters.file_repair import Repair
from llmplat.adapters.oci_layout import LayoutRegistry
from llmplat.adapters.oci_stop import Stop
from llmplat.domain.errors import PreconditionError
from tests.fakes.recording_progress import RecordingProgress
from tests.registry.packing import MIB, Packing, make_packing
from tests.registry.test_format import files_of, to_layout

DYING = Path(__file__).with_name("dying_writer.py")


def run(packing: Packing, layout: Path, *program: str) -> subprocess.CompletedProcess[str]:
    words = ["package-model", str(packing.model), "--to-layout", str(layout), "-o", "json"]
    env = {**os.environ, "LLMPLAT_CACHE_HOME": str(packing.cache), "CI": "true"}
    return subprocess.run(
        [sys.executable, *program, *words], env=env, capture_output=True, text=True, check=False
    )


def stored_bytes(layout: Path) -> int:
    return sum(path.stat().st_size for path in (layout / "blobs").rglob("*") if path.is_file())


def finished(layout: Path) -> dict[str, tuple[int, int]]:
    """Blob -> what changes when it is written again."""
    found = [(path.name, path.stat()) for path in (layout / "blobs" / "sha256").iterdir()]
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found if stat.st_size > MIB}


def test_killed_at_any_moment_nothing_is_written_twice(tmp_path: Path) -> None:
    packing = make_packing(tmp_path, shards=3, shard_bytes=64 * MIB)
    chance, layout = random.Random(5), tmp_path / "layout"
    before: dict[str, tuple[int, int]] = {}
    for share in (0.15, 0.5, 0.85):
        target = int(192 * MIB * share) + chance.randrange(8 * MIB)
        done = run(packing, layout, str(DYING), str(target - stored_bytes(layout)))
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert not (layout / "index.json").exists()
        assert before.items() <= finished(layout).items()
        before = finished(layout)
    (part,) = (layout / "blobs").glob(".*.part")
    with part.open("r+b") as file:  # as a crash of the machine may leave it
        file.seek(part.stat().st_size // 2)
        file.write(b"broken")
    had = stored_bytes(layout)
    done = run(packing, layout, "-m", "llmplat")
    assert done.returncode == 0, done.stderr
    assert before.items() <= finished(layout).items()
    assert json.loads(done.stdout)["sentBytes"] <= stored_bytes(layout) - had + 2 * MIB
    assert not list((layout / "blobs").glob(".*.part"))
    assert json.loads(done.stdout)["digest"] == str(
        to_layout(tmp_path / "new", files_of(packing))[1].digest
    )


def test_again_nothing_is_written(tmp_path: Path) -> None:
    packing = make_packing(tmp_path, shards=1, shard_bytes=9 * MIB)
    first = to_layout(tmp_path / "layout", files_of(packing))[1]
    again = to_layout(tmp_path / "layout", files_of(packing))[1]
    assert (again.digest, again.sent_bytes) == (first.digest, 0)


def test_a_stop_keeps_what_is_written(tmp_path: Path) -> None:
    packing = make_packing(tmp_path, shards=1, shard_bytes=9 * MIB)
    layout, stop = tmp_path / "layout", Stop()
    registry = LayoutRegistry(layout, tmp_path / "layout.cache", stop)
    registry.try_push()
    stop.set()
    with pytest.raises(KeyboardInterrupt):
        registry.push_blobs([files_blob(packing)], RecordingProgress())
    assert [path.suffix for path in (layout / "blobs").glob(".*")] == [".part"]


def files_blob(packing: Packing):
    from llmplat.pack.image_plan import plan_layers
    from llmplat.pack.selection import select_for_image

    files, _ = select_for_image(files_of(packing).files, "m", allow_pickle=False)
    return plan_layers(files)[-1].blob


def test_a_short_disk_is_told_before_the_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packing = make_packing(tmp_path, shards=1, shard_bytes=9 * MIB)
    monkeypatch.setattr(disk_space, "free_bytes", lambda _folder: 260 * MIB)
    with pytest.raises(PreconditionError, match="too little disk space") as caught:
        to_layout(tmp_path / "layout", files_of(packing))
    assert "short" in str(caught.value.why)
    assert "--to-layout" in caught.value.fix[0]
    assert not [path for path in (tmp_path / "layout" / "blobs").rglob("*") if path.is_file()]


@pytest.mark.parametrize("there", [b"", b"abc", b"abXdef", b"abcdefghi"])
def test_repair_writes_only_what_differs(tmp_path: Path, there: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(there)
    with closing(Repair(path)) as file:
        for start in (0, 3):
            file.write(memoryview(b"abcdef")[start : start + 3], start)
        file.finish(6)
    assert path.read_bytes() == b"abcdef"
    wrong = sum(there[at : at + 3] != b"abcdef"[at : at + 3] for at in (0, 3))
    assert file.written_bytes == 3 * wrong
