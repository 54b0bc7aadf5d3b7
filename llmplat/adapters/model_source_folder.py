"""A folder on this machine -> a ModelSource."""

import os
from collections.abc import Iterator
from pathlib import Path

from llmplat.adapters.hash_index import HashIndex
from llmplat.domain.errors import InputError
from llmplat.domain.model_record import digest_files
from llmplat.domain.ports import ModelFile, StepProgress

_CHUNK_BYTES = 4 * 1024 * 1024


class FolderSource:
    """The files under one folder, hidden ones left out; links are followed."""

    def __init__(self, root: Path, index: HashIndex | None = None) -> None:
        if not root.is_dir():
            raise InputError(
                f"There is no model folder {root}.",
                why="it is a file" if root.exists() else "nothing is there",
                fix=("give the folder that holds config.json, as file:///absolute/path",),
            )
        self.root = root
        self._index = index

    @property
    def revision(self) -> str:
        """A digest over all files; without an index this reads every byte."""
        hashed = (ModelFile(f.path, f.size_bytes, self.sha256(f.path, None)) for f in self.list())
        return digest_files(hashed)

    def list(self) -> tuple[ModelFile, ...]:
        """All files, sorted by path, without their hashes."""
        found = []
        for folder, folders, names in os.walk(self.root, followlinks=True):
            folders[:] = [name for name in folders if not name.startswith(".")]
            paths = [Path(folder) / name for name in names if not name.startswith(".")]
            found += [
                ModelFile(path.relative_to(self.root).as_posix(), path.stat().st_size, None)
                for path in paths
                if path.is_file()
            ]
        return tuple(sorted(found, key=lambda file: file.path))

    def read_range(self, path: str, start: int, length: int) -> bytes:
        """`length` bytes of `path` from byte `start` (fewer at the end of the file)."""
        with self._inside(path).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def stream(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of `path` from byte `start`, in chunks."""
        with self._inside(path).open("rb") as file:
            file.seek(start)
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def sha256(self, path: str, step: StepProgress | None) -> str:
        """The hash of one file, from the index where it knows it; `step` is told how far it is."""
        where = self._inside(path)
        total_bytes = where.stat().st_size
        done_bytes = 0

        def tell(count: int) -> None:
            nonlocal done_bytes
            done_bytes += count
            if step is not None:
                step.advance(done_bytes, total_bytes)

        index = self._index or HashIndex(Path(os.devnull))
        digest = index.sha256(where, tell)
        if self._index is not None:
            self._index.save()
        return digest

    def _inside(self, path: str) -> Path:
        if ".." in Path(path).parts or Path(path).is_absolute():
            raise InputError(
                f"The path {path} leaves the model folder.", fix=("use a path inside it",)
            )
        return self.root / path
