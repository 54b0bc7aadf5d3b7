"""A folder in the OCI image layout -> the Registry port: the same image, as files."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

from llmplat.adapters.atomic_file import write_whole
from llmplat.adapters.disk_space import disk_full, is_disk_full, require_space
from llmplat.adapters.file_lock import hold
from llmplat.adapters.file_repair import Repair
from llmplat.adapters.oci_content import FRAME_BYTES, Content
from llmplat.adapters.oci_journal import Journal
from llmplat.adapters.oci_stop import Stop
from llmplat.domain.errors import InputError, PreconditionError
from llmplat.domain.foreign_text import parse_json
from llmplat.domain.oci import INDEX, Descriptor, Digest, Manifest, canonical_json
from llmplat.domain.ports import Progress, StepProgress
from llmplat.domain.registry import Blob, Pushed
from llmplat.domain.units import format_size

_MARK = b'{"imageLayoutVersion":"1.0.0"}'
_REF_NAME = "org.opencontainers.image.ref.name"
_DISK_FIX = "free some space, or give --to-layout a folder on a larger disk"


class LayoutRegistry:
    """One folder (a Registry); every file in it appears whole or not at all."""

    def __init__(self, folder: Path, cache: Path, stop: Stop | None = None) -> None:
        """`cache` holds the notes that let an interrupted run go on."""
        self._folder = folder
        self._journal = Journal(cache, f"layout {folder.absolute()}")
        self._stop = stop or Stop()
        self._blobs = folder / "blobs" / "sha256"

    @property
    def name(self) -> str:
        """The folder."""
        return str(self._folder)

    def try_push(self) -> None:
        """Make the folder a layout; InputError for one that holds something else."""
        mark = self._folder / "oci-layout"
        if self._folder.is_dir() and any(self._folder.iterdir()) and not mark.is_file():
            raise InputError(
                f"{self._folder} is not an OCI layout.",
                why="it holds other files",
                fix=("name a new or empty folder, or one that --to-layout made",),
            )
        try:
            self._blobs.mkdir(parents=True, exist_ok=True)
            write_whole(mark, _MARK, 0o644)
        except OSError as exc:
            raise self._not_written(exc) from exc

    def push_blobs(self, blobs: Sequence[Blob], progress: Progress) -> tuple[Pushed, ...]:
        """Write every blob, read once and hashed on the way; refused first when the disk is short.

        A blob that an earlier run finished is not written again, and one that it had begun only
        from where it differs.
        """
        lock = hold(
            self._journal.lock_file,
            on_wait=lambda: progress.note(f"another run writes {self.name}: waiting for it"),
        )
        with ExitStack() as held:
            # Where nothing can be noted, nothing can be taken up, and two runs do not meet.
            with suppress(OSError):
                held.enter_context(lock)
            missing = sum(self._missing_bytes(blob) for blob in blobs)
            require_space(self._folder, missing, "the image layout", fix=_DISK_FIX)
            pushed = tuple(self._push(blob, progress) for blob in blobs)
            self._drop_parts()
        return pushed

    def push_manifest(self, manifest: Manifest, tag: str | None = None) -> Descriptor:
        """Write the manifest; with a `tag` the layout's index names it so."""
        self._write(self._blobs / manifest.digest.hex, manifest.content)
        if tag is not None:
            self._name(manifest, tag)
        return manifest.descriptor

    def find_manifest(self, tag_or_digest: str) -> Manifest | None:
        """The manifest, its digest checked; None when there is none."""
        digest = self.find_digest(tag_or_digest)
        if digest is None:
            return None
        content = self.read_blob(digest, 0, self.has_blob(digest) or 0)
        try:
            media_type = str(parse_json(content).get("mediaType", ""))
        except (ValueError, AttributeError):
            media_type = ""
        found = Manifest(media_type, content)
        if found.digest != digest:
            raise InputError(
                f"The manifest {digest} in {self._folder} is damaged.",
                why=f"its bytes have the digest {found.digest}",
                fix=("make the layout again with --to-layout",),
            )
        return found

    def find_digest(self, tag_or_digest: str) -> Digest | None:
        """What the index names so, or the digest itself where its blob is there."""
        if tag_or_digest.startswith("sha256:"):
            digest = Digest.parse(tag_or_digest)
            return digest if self.has_blob(digest) is not None else None
        named = [
            one for one in self._entries() if dict(one.annotations).get(_REF_NAME) == tag_or_digest
        ]
        return named[0].digest if named else None

    def has_blob(self, digest: Digest) -> int | None:
        """Its size; None when it is not there."""
        try:
            return (self._blobs / digest.hex).stat().st_size
        except OSError:
            return None

    def stream_blob(self, digest: Digest, start: int = 0) -> Iterator[bytes]:
        """The bytes of a blob from `start`; InputError when it is not there."""
        try:
            with (self._blobs / digest.hex).open("rb") as file:
                file.seek(start)
                while chunk := file.read(FRAME_BYTES):
                    yield chunk
        except OSError as exc:
            raise InputError(
                f"{self._folder} has no blob {digest}.",
                why=exc.strerror,
                fix=("make the layout again with --to-layout",),
            ) from exc

    def read_blob(self, digest: Digest, start: int, length: int) -> bytes:
        """`length` bytes of a blob from `start` (fewer at its end)."""
        found = b""
        for chunk in self.stream_blob(digest, start):
            found += chunk
            if len(found) >= length:
                break
        return found[:length]

    def referrers(self, digest: Digest) -> tuple[Descriptor, ...]:
        """What the fallback tag lists, as in a registry without the API."""
        listed = self.find_manifest(f"sha256-{digest.hex}")
        return (
            tuple(Descriptor.parse(one) for one in listed.document["manifests"]) if listed else ()
        )

    def attach(self, manifest: Manifest, subject: Digest) -> Descriptor:
        """Store a manifest that names `subject` and list it under the fallback tag."""
        self.push_manifest(manifest)
        entry = Descriptor(
            manifest.media_type,
            manifest.digest,
            len(manifest.content),
            artifact_type=manifest.document.get("artifactType"),
        )
        listed = [one for one in self.referrers(subject) if one.digest != entry.digest]
        document = {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [one.document() for one in (*listed, entry)],
        }
        index = Manifest(INDEX, canonical_json(document))
        self.push_manifest(index, f"sha256-{subject.hex}")
        return entry

    def _push(self, blob: Blob, progress: Progress) -> Pushed:
        there = self._find(blob)
        if there is not None:
            return self._pushed(blob, there, 0)
        part = self._part(blob)
        with progress.step(f"Write {blob.name}") as step, self._stop.guard():
            try:
                digest, written_bytes = self._copy(blob, part, step)
                self._journal.note_digest(blob.key, digest)
                part.replace(self._blobs / digest.hex)
            except OSError as exc:
                raise self._not_written(exc) from exc
            step.detail(format_size(blob.size_bytes))
        return self._pushed(blob, digest, written_bytes)

    def _copy(self, blob: Blob, part: Path, step: StepProgress) -> tuple[Digest, int]:
        buffer = memoryview(bytearray(FRAME_BYTES))
        with closing(Content(blob, None, self._stop)) as content, closing(Repair(part)) as file:
            done_bytes = 0
            while done_bytes < content.size_bytes:
                if self._stop.is_set:
                    raise KeyboardInterrupt
                got = content.read_into(buffer, done_bytes)
                file.write(buffer[:got], done_bytes)
                done_bytes += got
                step.advance(done_bytes, content.size_bytes)
            content.check()
            file.finish(content.size_bytes)
            return content.digest(), file.written_bytes

    def _find(self, blob: Blob) -> Digest | None:
        """The digest of `blob` where it is there as a whole."""
        digest = blob.digest or self._journal.digest(blob.key)
        is_there = digest is not None and self.has_blob(digest) == blob.size_bytes
        return digest if is_there else None

    def _missing_bytes(self, blob: Blob) -> int:
        if self._find(blob) is not None:
            return 0
        part = self._part(blob)
        begun_bytes = part.stat().st_size if part.is_file() else 0
        return max(0, blob.size_bytes - begun_bytes)

    def _part(self, blob: Blob) -> Path:
        """Where `blob` is while it is written; found again in the next run by its key."""
        name = hashlib.sha256((blob.key or str(blob.digest)).encode()).hexdigest()
        return self._blobs.parent / f".{name}.part"

    def _drop_parts(self) -> None:
        """Of files that have changed since: nobody will ask for them again."""
        with suppress(OSError):
            for part in self._blobs.parent.glob(".*.part"):
                part.unlink(missing_ok=True)

    @staticmethod
    def _pushed(blob: Blob, digest: Digest, sent_bytes: int) -> Pushed:
        made = Descriptor(blob.media_type, digest, blob.size_bytes, blob.annotations)
        return Pushed(made, sent_bytes)

    def _name(self, manifest: Manifest, tag: str) -> None:
        others = [one for one in self._entries() if dict(one.annotations).get(_REF_NAME) != tag]
        entry = Descriptor(
            manifest.media_type, manifest.digest, len(manifest.content), ((_REF_NAME, tag),)
        )
        listed = sorted((*others, entry), key=lambda one: dict(one.annotations).get(_REF_NAME, ""))
        document: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [one.document() for one in listed],
        }
        self._write(self._folder / "index.json", canonical_json(document))

    def _entries(self) -> tuple[Descriptor, ...]:
        try:
            document = parse_json((self._folder / "index.json").read_bytes())
            return tuple(Descriptor.parse(one) for one in document["manifests"])
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise InputError(
                f"{self._folder} is a damaged OCI layout.",
                why=f"index.json: {exc}",
                fix=("make the layout again with --to-layout",),
            ) from exc

    def _write(self, path: Path, content: bytes) -> None:
        try:
            write_whole(path, content, 0o644)
        except OSError as exc:
            raise self._not_written(exc) from exc

    def _not_written(self, exc: OSError) -> PreconditionError:
        if is_disk_full(exc):
            why = f"the disk of {self._folder} filled up"
            return disk_full("the image layout", why, _DISK_FIX)
        return PreconditionError(
            f"{self._folder} cannot be written.",
            why=exc.strerror or str(exc),
            fix=("name another folder with --to-layout",),
        )
