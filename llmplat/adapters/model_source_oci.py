"""An image in a registry, pinned by digest -> a ModelSource: looked into by ranges, pulled to be stored."""

import os
import shutil
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from llmplat.adapters.file_lock import hold
from llmplat.adapters.image_files import ImageFile, list_image_files, read_image_file
from llmplat.adapters.image_pull import Pulled, pull_image
from llmplat.adapters.model_source_demo import Workshop
from llmplat.adapters.model_source_folder import FolderSource
from llmplat.adapters.oci_registry import open_registry
from llmplat.domain.errors import InputError
from llmplat.domain.model_record import ModelRecord, PinnedFile, PinnedModel
from llmplat.domain.oci import Reference
from llmplat.domain.ports import ModelFile
from llmplat.domain.registry import Registry
from llmplat.pack.image import Image, read_image


class ImageSource:
    """The files below models/ of an image; asks the registry at the first use, not before.

    Looking at it pulls nothing. What `hand_over` and `stream` give was pulled as whole layers,
    each of which has its digest.
    """

    def __init__(self, reference: Reference, workshop: Workshop | None) -> None:
        if reference.digest is None:
            raise InputError(
                f"The model source oci://{reference} is not pinned.",
                why="a tag may name another model tomorrow",
                fix=(f"llmplat model inspect {reference}", "then use oci://...@sha256:... of it"),
            )
        self._reference = reference
        self._workshop = workshop

    @property
    def revision(self) -> str:
        """The digest of the image."""
        return str(self._reference.digest)

    def list(self) -> tuple[ModelFile, ...]:
        """All files, sorted by path; large ones without hashes, the image's digest pins them."""
        files = self._pulled.files if self._files is None else self._files.values()
        return tuple(ModelFile(f.path, f.size_bytes, f.sha256) for f in files)

    def read_range(self, path: str, start: int, length: int) -> bytes:
        """`length` bytes of `path` from byte `start` (fewer at the end of the file)."""
        if self._files is None:
            return FolderSource(self._pulled.folder).read_range(path, start, length)
        return read_image_file(self._registry, self._files[path], start, length)

    def stream(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of `path` from byte `start`, in chunks."""
        yield from FolderSource(self._pulled.folder).stream(path, start)

    def with_hashes(self, pinned: PinnedModel) -> ModelRecord:
        """`pinned` with the hashes of what was pulled, for files that it has none of."""
        pulled = {file.path: file.sha256 for file in self._pulled.files}
        files = tuple(
            ModelFile(one.path, one.size_bytes, one.sha256 or pulled.get(one.path))
            for one in pinned.files
        )
        return ModelRecord(pinned.revision, pinned.digest, files, pinned.weights_bytes, {})

    def hand_over(self, files: Sequence[PinnedFile], folder: Path) -> None:
        """Put the pulled ones of `files` into `folder` without copying them."""
        pulled = {file.path: file.sha256 for file in self._pulled.files}
        for file in files:
            target = folder / file.path
            if pulled.get(file.path) == file.sha256 and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.hardlink_to(self._pulled.folder / file.path)
                target.chmod(0o444)

    def clean(self) -> None:
        """Take away what was pulled; the store has the model by now."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @cached_property
    def _registry(self) -> Registry:
        return open_registry(self._reference, cache=self._bench.cache, env=os.environ)

    @cached_property
    def _image(self) -> Image:
        return read_image(self._registry, self._reference)

    @cached_property
    def _files(self) -> dict[str, ImageFile] | None:
        """None of an image whose large layers are compressed: those cannot be looked into."""
        files = list_image_files(self._registry, self._image)
        if files is None:
            self._bench.progress.note(f"{self._reference} is compressed: it has to be pulled")
            return None
        return {file.path: file for file in files}

    @cached_property
    def _pulled(self) -> Pulled:
        with hold(self._folder.with_suffix(".lock")):
            return pull_image(self._registry, self._image, self._folder, self._bench.progress)

    @property
    def _folder(self) -> Path:
        name = self.revision.removeprefix("sha256:")
        return self._bench.cache / "downloads" / f"image-{name}"

    @property
    def _bench(self) -> Workshop:
        if self._workshop is None:
            raise InputError(
                f"The image {self._reference} has to be pulled before it can be read.",
                fix=("llmplat up",),
            )
        return self._workshop
