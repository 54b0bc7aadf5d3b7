"""The tar layout is computed, never written: what readers make of it."""

import io
import tarfile

import pytest

from llmplat.pack.tar_layout import file_header, tar_pieces
from tests.fakes.memory_member import MemoryMember, written

GIB = 1024**3


def members_of(content: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
        return {info.name: info for info in tar.getmembers()}


def test_what_a_reader_finds() -> None:
    content = written(
        tar_pieces(("", "sub"), [("a.bin", MemoryMember(b"abc")), ("sub/b", MemoryMember(b""))])
    )
    found = members_of(content)
    assert list(found) == ["models", "models/sub", "models/a.bin", "models/sub/b"]
    for info in found.values():
        assert (info.uid, info.gid, info.uname, info.gname, info.mtime) == (0, 0, "", "", 0)
    assert found["models"].mode == 0o755
    assert found["models"].isdir()
    assert found["models/a.bin"].mode == 0o644
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        assert tar.extractfile("models/a.bin").read() == b"abc"


def test_the_size_is_a_whole_number_of_blocks_and_ends_with_two_of_zeros() -> None:
    content = written(tar_pieces((), [("a", MemoryMember(b"x" * 513))]))
    assert len(content) == 512 + 1024 + 1024
    assert content[-1024:] == bytes(1024)


@pytest.mark.parametrize("name", ["n" * 120, "déjà/vu.json", "a/" * 60 + "long.bin", "雪.bin"])
def test_long_and_foreign_names(name: str) -> None:
    content = written(tar_pieces((), [(name, MemoryMember(b"1"))]))
    assert list(members_of(content)) == [f"models/{name}"]


def test_a_member_beyond_eight_gib_is_gnu_not_pax() -> None:
    header = file_header("big.bin", 9 * GIB)
    assert len(header) == 512
    assert header[124] == 0x80  # base-256, so no pax record is needed
    info = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
    assert info.size == 9 * GIB
    assert header[257:265] == b"ustar  \0"
