"""A folder mirror's halves that lie in no registry: Python packages, and files of models."""

from collections.abc import Callable, Mapping
from pathlib import Path

from llmplat.adapters.model_folder import find_model, store_model
from llmplat.adapters.model_source_demo import Workshop
from llmplat.adapters.wheel_folder import damaged_wheels, fetch_wheels, has_wheels
from llmplat.apply.mirror_things import FILES, Thing
from llmplat.catalog.runtimes import LockedRuntime
from llmplat.domain.model_record import PinnedModel
from llmplat.domain.ports import Progress


class MirrorFolder:
    """packages/ with wheels, models/ with one folder for each model (a Folders)."""

    def __init__(
        self,
        folder: Path,
        cache: Path,
        models: Mapping[str, PinnedModel],
        runtimes: Callable[[str], LockedRuntime],
    ) -> None:
        """`models` are those that the lock pins, by source; `cache` keeps what looking at one needs."""
        self._packages = folder / "packages"
        self._models = folder / "models"
        self._cache = cache
        self._locked = models
        self._runtimes = runtimes

    def has(self, thing: Thing) -> bool:
        """Whether all of it is there."""
        if thing.kind == FILES:
            return find_model(self._models, thing.origin) is not None
        return has_wheels(self._requirements(thing), self._packages)

    def damaged(self, thing: Thing) -> tuple[str, ...]:
        """The files of it whose bytes are not the pinned ones; reads them all."""
        if thing.kind == FILES:
            found = find_model(self._models, thing.origin)
            return found.damaged() if found is not None else ()
        return damaged_wheels(self._requirements(thing), self._packages)

    def fill(self, thing: Thing, progress: Progress) -> int:
        """Have all of it there; bytes that were fetched. Raises DownloadError, PreconditionError."""
        if thing.kind == FILES:
            return self._fetch_model(thing.origin, progress)
        purpose = f"Fetch the packages of {thing.origin}"
        return fetch_wheels(self._requirements(thing), self._packages, purpose, progress)

    def _requirements(self, thing: Thing) -> str:
        """A lock with hashes: a runtime's, or one package that Thing.digest pins."""
        if "==" in thing.origin:
            return f"{thing.origin} --hash={thing.digest}\n"
        return self._runtimes(thing.origin).lock.read_text("utf-8")

    def _fetch_model(self, source: str, progress: Progress) -> int:
        from llmplat.adapters.model_describe import describe_model  # noqa: PLC0415 (slow to import)
        from llmplat.adapters.model_source import open_source  # noqa: PLC0415 (the same)

        locked = self._locked.get(source)
        revision = locked.revision if locked is not None else None
        reader = open_source(source, revision=revision, workshop=Workshop(self._cache, progress))
        pinned = locked or describe_model(reader, source, progress)
        return store_model(self._models, source, reader, pinned, progress)
