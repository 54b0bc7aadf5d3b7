"""A folder that `llmplat mirror copy` filled -> ModelSources for the hub's models in it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmplat.adapters.atomic_file import write_whole
from llmplat.adapters.model_fetch import fetch_files, missing_bytes
from llmplat.adapters.model_source_folder import FolderSource
from llmplat.domain.errors import InputError
from llmplat.domain.model_record import PinnedModel
from llmplat.domain.ports import ModelFile, ModelSource, Progress
from llmplat.domain.units import format_size

_INDEX = "index.json"


class MirroredModel:
    """The files of one model at one revision (a ModelSource), with the hashes noted when it came."""

    def __init__(self, folder: Path, revision: str, files: tuple[ModelFile, ...]) -> None:
        self._inside = FolderSource(folder)
        self._files = files
        self.revision = revision

    def list(self) -> tuple[ModelFile, ...]:
        """All files, sorted by path, with their hashes."""
        return self._files

    def damaged(self) -> tuple[str, ...]:
        """The files whose bytes are not those noted."""
        return tuple(
            file.path for file in self._files if self._inside.sha256(file.path, None) != file.sha256
        )

    def read_range(self, path: str, start: int, length: int) -> bytes:
        """`length` bytes of `path` from byte `start` (fewer at the end of the file)."""
        return self._inside.read_range(path, start, length)

    def stream(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of `path` from byte `start`, in chunks."""
        return self._inside.stream(path, start)


def find_model(folder: Path, source: str) -> MirroredModel | None:
    """The model `source` (hf://...) as `folder` has it; None where it does not."""
    found: Any = _read_index(folder).get(source)
    if found is None:
        return None
    place = folder / str(found["digest"]).removeprefix("sha256:")
    files = tuple(ModelFile(*entry) for entry in found["files"])
    is_whole = all(
        (place / file.path).is_file() and (place / file.path).stat().st_size == file.size_bytes
        for file in files
    )
    return MirroredModel(place, str(found["revision"]), files) if is_whole else None


def open_model(folder: Path, source: str) -> MirroredModel:
    """The same; InputError where the folder does not have it."""
    found = find_model(folder, source)
    if found is None:
        raise InputError(
            f"The mirror's folder does not have {source}.",
            why=f"{folder} holds: {', '.join(sorted(_read_index(folder))) or 'no model'}",
            fix=("llmplat mirror copy, where the hub can be reached", "llmplat mirror verify"),
        )
    return found


def store_model(
    folder: Path, source: str, reader: ModelSource, record: PinnedModel, progress: Progress
) -> int:
    """Have the files of `record` in `folder` and note them; bytes that were fetched."""
    place = folder / record.digest.removeprefix("sha256:")
    wanted_bytes = missing_bytes(place, record.files)
    with progress.step(f"Fetch {source}") as step:
        fetch_files(reader, record.files, place, step)
        step.detail(format_size(sum(file.size_bytes for file in record.files)))
    index = _read_index(folder)
    files = [[file.path, file.size_bytes, file.sha256] for file in record.files]
    index[source] = {"revision": record.revision, "digest": record.digest, "files": files}
    write_whole(folder / _INDEX, json.dumps(index, sort_keys=True, indent=1).encode(), 0o644)
    return wanted_bytes


def _read_index(folder: Path) -> dict[str, dict[str, object]]:
    try:
        document = json.loads((folder / _INDEX).read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
