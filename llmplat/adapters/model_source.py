"""A model's source as the platform file writes it -> the ModelSource that reads it."""

import hashlib
from pathlib import Path

from llmplat.adapters.hash_index import HashIndex
from llmplat.adapters.model_source_demo import Workshop, open_demo
from llmplat.adapters.model_source_folder import FolderSource
from llmplat.domain.errors import InputError
from llmplat.domain.mirror import ANYWHERE
from llmplat.domain.ports import ModelSource


def open_source(
    source: str, *, revision: str | None = None, workshop: Workshop | None = None
) -> ModelSource:
    """What reads `source`: `hf://org/name@revision`, `file:///folder`, `demo://name`, `oci://...`.

    `revision`, from a lock, takes the place of the one that `source` names. `workshop` is needed
    to read the files of an image, and of a demo model where its hub cannot be reached; it keeps
    hashes of local files between runs.

    Raises:
        InputError: another scheme, a folder or demo model that does not exist.
    """
    scheme, _, rest = source.partition("://")
    if scheme == "file":
        return _folder(rest, workshop)
    if scheme == "demo":
        return open_demo(rest, revision, workshop)
    if scheme == "hf":
        from llmplat.adapters.model_source_hub import HubSource  # noqa: PLC0415 (httpx is slow)

        fetch = workshop.fetch if workshop is not None else ANYWHERE
        if fetch.models is not None:
            from llmplat.adapters.model_folder import open_model  # noqa: PLC0415 (rarely needed)

            return open_model(Path(fetch.models), source)
        if fetch.is_closed and fetch.hub is None:
            raise _no_hub(source)
        repository, _, wanted = rest.partition("@")
        return HubSource(repository, revision or wanted or "main", endpoint=fetch.hub)
    if scheme == "oci":
        from llmplat.adapters.model_source_oci import ImageSource  # noqa: PLC0415 (slow to import)
        from llmplat.domain.oci import Reference  # noqa: PLC0415 (the same)

        return ImageSource(Reference.parse(rest), workshop)
    raise InputError(
        f"The model source {source} cannot be read yet.",
        why=f"llmplat reads hf://, file://, demo:// and oci://, not {scheme}://",
        fix=("use hf://org/name@revision, file:///folder, demo://name or oci://...@sha256:...",),
    )


def _no_hub(source: str) -> InputError:
    return InputError(
        f"The mirror has no hub to read {source} from.",
        why="with a mirror in the platform file nothing is read from the public hub",
        fix=(
            "mirror: {hub: https://hub.example.com}",
            "or lock the model where the hub can be reached: the lock is kept behind the mirror",
        ),
    )


def _folder(rest: str, workshop: Workshop | None) -> FolderSource:
    root = Path(rest).expanduser()
    if not root.is_absolute():
        raise InputError(
            f"The model source file://{rest} is not an absolute path.",
            why="it would mean another folder wherever the command is run",
            fix=(f"use file://{Path(rest).absolute()}",),
        )
    if workshop is None:
        return FolderSource(root)
    name = hashlib.sha256(str(root).encode()).hexdigest()[:16]
    return FolderSource(root, HashIndex(workshop.cache / "hashes" / f"{name}.json"))
