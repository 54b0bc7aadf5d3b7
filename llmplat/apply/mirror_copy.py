"""Everything that a platform fetches -> a mirror that has it; a second run copies nothing."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Protocol

from llmplat.apply.mirror_artifact import copy_artifact, read_artifact
from llmplat.apply.mirror_chart import archive_digest, make_chart_artifact
from llmplat.apply.mirror_things import Thing
from llmplat.apply.together import Together
from llmplat.domain.errors import DownloadError, InputError, LlmplatError
from llmplat.domain.oci import Digest
from llmplat.domain.ports import Progress
from llmplat.domain.registry import Registry
from llmplat.domain.units import format_size

COPIED, THERE, WOULD_COPY, FAILED = "copied", "there", "would copy", "failed"


@dataclass(frozen=True)
class Place:
    """A name in a repository."""

    registry: Registry
    name: str
    """A tag, or a digest where nothing else names it."""


class Folders(Protocol):
    """A folder that holds what lies in no registry: Python packages, and files of models."""

    def has(self, thing: Thing) -> bool:
        """Whether all of it is there."""
        ...

    def damaged(self, thing: Thing) -> tuple[str, ...]:
        """The files of it whose bytes are not the pinned ones; reads them all."""
        ...

    def fill(self, thing: Thing, progress: Progress) -> int:
        """Have all of it there; bytes that were fetched. Raises LlmplatError."""
        ...


@dataclass(frozen=True)
class CopyTools:
    """What copying needs of the world."""

    source: Callable[[Thing], Place]
    target: Callable[[Thing], Place]
    fetch_chart: Callable[[Thing], bytes]
    """The archive of a chart of a web server, as the server's index states its digest."""
    chart_digest: Callable[[Thing], str]
    """What that index states."""
    has_web: bool
    """Charts of web servers are still to be fetched there; else the source has them as artifacts."""
    folders: Folders | None
    jobs: int
    stop: Callable[[], None]
    """Ends every transfer under way so that it can be taken up."""


@dataclass(frozen=True)
class Copied:
    """What became of one thing."""

    thing: Thing
    """With the digest that it turned out to have."""
    outcome: str
    sent_bytes: int = 0
    error: LlmplatError | None = None


@dataclass(frozen=True)
class CopyReport:
    """What became of all of them, in the order of the list."""

    target: str
    is_dry_run: bool
    copied: tuple[Copied, ...]

    @property
    def sent_bytes(self) -> int:
        """Bytes that went to the mirror in this run."""
        return sum(one.sent_bytes for one in self.copied)

    def of(self, outcome: str) -> tuple[Copied, ...]:
        """Those with that outcome."""
        return tuple(one for one in self.copied if one.outcome == outcome)


def copy_things(
    things: Sequence[Thing], target: str, tools: CopyTools, progress: Progress, *, is_dry_run: bool
) -> CopyReport:
    """Have every one of `things` in the mirror, several at once; what fails is told at the end.

    Interrupted at any moment, the next run goes on: what is there by its digest is not looked at
    at the source again, and uploads begun are taken up where the registry allows it.
    """
    verb = "Compare with" if is_dry_run else "Fill"
    with progress.step(f"{verb} {target}") as step:
        told = Together(progress, step, len(things))
        copied = _run_all(things, tools, told, is_dry_run=is_dry_run)
        report = CopyReport(target, is_dry_run, tuple(copied))
        step.detail(f"{len(things)} things, {format_size(report.sent_bytes)} copied")
    return report


def _run_all(
    things: Sequence[Thing], tools: CopyTools, told: Together, *, is_dry_run: bool
) -> list[Copied]:
    with ThreadPoolExecutor(max_workers=tools.jobs) as crew:
        jobs = [crew.submit(_settle, thing, tools, told, is_dry_run=is_dry_run) for thing in things]
        try:
            _await(jobs)
        except BaseException:
            for job in jobs:
                job.cancel()
            tools.stop()
            raise
    return [job.result() for job in jobs]


def _await(jobs: Sequence[Future[Copied]]) -> None:
    """Until all are done or one met a bug; in short waits, so that signals are heeded."""
    while True:
        done, waiting = wait(jobs, timeout=0.2, return_when=FIRST_EXCEPTION)
        for job in done:
            job.result()
        if not waiting:
            return


def _settle(thing: Thing, tools: CopyTools, told: Together, *, is_dry_run: bool) -> Copied:
    try:
        if not thing.is_oci:
            made = _settle_files(thing, tools, told, is_dry_run=is_dry_run)
        elif thing.is_web_chart and tools.has_web:
            made = _settle_web_chart(thing, tools, told, is_dry_run=is_dry_run)
        else:
            made = _settle_artifact(thing, tools, told, is_dry_run=is_dry_run)
    except LlmplatError as error:
        made = Copied(thing, FAILED, error=error)
    told.finish(f"{made.thing.origin} {made.outcome}")
    return made


def _settle_artifact(thing: Thing, tools: CopyTools, told: Together, *, is_dry_run: bool) -> Copied:
    target = tools.target(thing)
    if thing.digest is not None and _has(target, thing.digest):
        return Copied(thing, THERE)
    source = tools.source(thing)
    if thing.kind == "model" and thing.digest is None:
        raise InputError(
            f"{thing.origin} is not packaged yet.",
            why="the lock holds no image of that model",
            fix=("llmplat lock",),
        )
    found = thing.digest or _digest_of(source)
    thing = replace(thing, digest=found)
    if _has(target, found):
        return Copied(thing, THERE)
    artifact = read_artifact(source.registry, found)
    thing = replace(thing, size_bytes=artifact.size_bytes)
    if is_dry_run:
        return Copied(thing, WOULD_COPY)
    tag = None if target.name.startswith("sha256:") else target.name
    sent = copy_artifact(source.registry, artifact, target.registry, tag, told)
    return Copied(thing, COPIED, sent)


def _settle_web_chart(
    thing: Thing, tools: CopyTools, told: Together, *, is_dry_run: bool
) -> Copied:
    target = tools.target(thing)
    there = target.registry.find_digest(target.name)
    if there is not None:
        archive = archive_digest(target.registry, target.name)
        if thing.digest in {str(there), archive} or (
            thing.digest is None and archive == tools.chart_digest(thing)
        ):
            return Copied(replace(thing, digest=str(there)), THERE)
    archive_bytes = tools.fetch_chart(thing)
    made = make_chart_artifact(archive_bytes, thing.origin)
    pinned = {str(made.manifest.digest), str(Digest.of(archive_bytes))}
    if thing.digest is not None and thing.digest not in pinned:
        raise DownloadError(
            f"hash mismatch: {thing.origin} is not the chart that the lock pins.",
            why=f"the lock says {thing.digest}; what came is {' or '.join(sorted(pinned))}",
            fix=("llmplat lock, once it is clear why it changed",),
        )
    thing = replace(thing, digest=str(made.manifest.digest), size_bytes=made.size_bytes)
    if is_dry_run:
        return Copied(thing, WOULD_COPY)
    sent = sum(one.sent_bytes for one in target.registry.push_blobs(made.blobs, told))
    target.registry.push_manifest(made.manifest, target.name)
    return Copied(thing, COPIED, sent)


def _settle_files(thing: Thing, tools: CopyTools, told: Together, *, is_dry_run: bool) -> Copied:
    if tools.folders is None:
        raise InputError(
            f"{thing.origin} does not go into a registry.",
            why="Python packages and files of models are kept in a folder",
            fix=("llmplat mirror copy --to /srv/mirror",),
        )
    if tools.folders.has(thing):
        return Copied(thing, THERE)
    if is_dry_run:
        return Copied(thing, WOULD_COPY)
    return Copied(thing, COPIED, tools.folders.fill(thing, told))


def _has(place: Place, digest: str) -> bool:
    """Whether the name stands for that digest there; a registry takes no manifest without its parts."""
    there = place.registry.find_digest(place.name)
    return there is not None and str(there) == digest


def _digest_of(source: Place) -> str:
    found = source.registry.find_digest(source.name)
    if found is None:
        raise InputError(
            f"{source.registry.name} has nothing named {source.name}.",
            why="its registry was asked and says so",
            fix=("check the name and the account for that registry",),
        )
    return str(found)
