"""Real registries whose disk fills up in the middle: told, taken up when there is room, no tag before."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmplat.domain.errors import RegistryError
from tests.fakes.real_registry import real_registry
from tests.registry.conftest import real_program
from tests.registry.packing import MIB, make_packing
from tests.registry.test_kills import tag_of


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 30 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", folder]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_the_disk_fills_up_and_is_freed(version: str, small_disk: Path, tmp_path: Path) -> None:
    packing = make_packing(tmp_path, shards=2, shard_bytes=20 * MIB)
    with real_registry(real_program(version), small_disk) as registry:
        with pytest.raises(RegistryError) as caught:
            packing.push(registry.address)
        assert "is full" in caught.value.what, (caught.value.what, caught.value.why)
        assert "no space left" in str(caught.value.why)
        assert "run the same command again" in caught.value.fix[0]
        assert tag_of(registry) is None
        subprocess.run(["mount", "-o", "remount,size=200m", small_disk], check=True)
        report = packing.push(registry.address)
        assert tag_of(registry) is not None
        assert report.sent_bytes <= 41 * MIB
        registry.stop()
