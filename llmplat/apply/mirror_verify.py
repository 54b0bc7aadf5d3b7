"""A mirror -> what of a platform it lacks, holds as something else, or holds only in part."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from llmplat.apply.mirror_artifact import missing_of, read_artifact
from llmplat.apply.mirror_chart import archive_digest
from llmplat.apply.mirror_copy import Folders, Place
from llmplat.apply.mirror_things import Thing
from llmplat.domain.errors import ExitCode, Finding, LlmplatError, RegistryError
from llmplat.domain.ports import Progress

OK, MISSING, OTHER, BROKEN, UNPINNED = "ok", "missing", "other", "broken", "unpinned"
FIX = "llmplat mirror copy"


@dataclass(frozen=True)
class Looked:
    """What the mirror has of one thing."""

    thing: Thing
    """With the digest and size found."""
    state: str
    """ok; unpinned: there, but no lock says what it must be; missing, other or broken."""
    why: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether a cluster gets what it asks for."""
        return self.state in {OK, UNPINNED}


@dataclass(frozen=True)
class VerifyReport:
    """What a mirror has of everything."""

    target: str
    looked: tuple[Looked, ...]

    @property
    def bad(self) -> tuple[Looked, ...]:
        """What is not as it must be."""
        return tuple(one for one in self.looked if not one.is_usable)


def verify_things(  # noqa: PLR0913 (the mirror's two halves, how to look, and what to look for)
    things: Sequence[Thing],
    target: str,
    place_of: Callable[[Thing], Place],
    folders: Folders | None,
    progress: Progress,
    *,
    is_quick: bool = False,
    jobs: int = 8,
) -> VerifyReport:
    """Look for every one of `things`: its name, its digest, and unless quick every part below it.

    Raises RegistryError where the mirror cannot be asked at all.
    """

    def look(thing: Thing) -> Looked:
        if thing.is_oci:
            return _look(thing, place_of(thing), is_quick=is_quick)
        return _look_in_folder(thing, folders, is_quick=is_quick)

    with progress.step(f"Look at {target}") as step, ThreadPoolExecutor(max_workers=jobs) as crew:
        looked = tuple(crew.map(look, things))
        step.detail(f"{sum(one.is_usable for one in looked)} of {len(looked)} are there")
    return VerifyReport(target, looked)


def findings_of(report: VerifyReport) -> tuple[Finding, ...]:
    """What a preflight says: one finding for each thing that the mirror lacks."""
    return tuple(
        Finding(
            "need-mirror",
            f"The mirror lacks {one.thing.kept}"
            if one.state == MISSING
            else f"The mirror holds {one.thing.kept} as something else",
            f"{one.why}; it comes from {one.thing.origin}",
            (FIX, "llmplat mirror verify"),
        )
        for one in report.bad
    )


def _look_in_folder(thing: Thing, folders: Folders | None, *, is_quick: bool) -> Looked:
    if folders is None or not folders.has(thing):
        return Looked(thing, MISSING, "it is not there, or not all of it")
    damaged = () if is_quick else folders.damaged(thing)
    if damaged:
        return Looked(thing, BROKEN, f"not the pinned bytes: {', '.join(damaged[:3])}")
    return Looked(thing, OK)


def _look(thing: Thing, place: Place, *, is_quick: bool) -> Looked:
    found = place.registry.find_digest(place.name)
    if found is None:
        return Looked(thing, MISSING, f"{place.registry.name} has nothing named {place.name}")
    pinned = thing.digest
    if pinned is not None and pinned != str(found) and not _is_same_chart(thing, place):
        return Looked(thing, OTHER, f"the lock pins {pinned}, it is {found}")
    thing = replace(thing, digest=str(found))
    state = OK if pinned is not None else UNPINNED
    return Looked(thing, state) if is_quick else _look_below(thing, place, state)


def _is_same_chart(thing: Thing, place: Place) -> bool:
    """Whether the lock, made without the mirror, pins the archive that this chart was made from."""
    return thing.is_web_chart and archive_digest(place.registry, place.name) == thing.digest


def _look_below(thing: Thing, place: Place, state: str) -> Looked:
    try:
        artifact = read_artifact(place.registry, str(thing.digest))
        lost = missing_of(place.registry, artifact)
    except RegistryError as error:
        if error.exit_code is not ExitCode.FAILED:
            raise
        return Looked(thing, BROKEN, _told(error))
    thing = replace(thing, size_bytes=artifact.size_bytes)
    if lost:
        return Looked(thing, BROKEN, f"{len(lost)} of its parts are not there: {lost[0].digest}")
    return Looked(thing, state)


def _told(error: LlmplatError) -> str:
    return f"{error.what.rstrip('.')}: {error.why}" if error.why else error.what
