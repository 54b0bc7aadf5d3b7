"""The composition root of `mirror`: what a platform fetches, copied into a mirror and looked for there."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from llmplat.cli.run import Run, cache_home
from llmplat.cli.wiring import Opened, catalog, read_lock
from llmplat.domain.errors import Finding, InputError, PreconditionError, UsageError

if TYPE_CHECKING:
    from llmplat.adapters.mirror_folder import MirrorFolder
    from llmplat.adapters.oci_stop import Stop
    from llmplat.apply.mirror_copy import CopyTools, Place
    from llmplat.apply.mirror_things import Thing
    from llmplat.apply.mirror_verify import VerifyReport
    from llmplat.domain.mirror import MirrorPlace
    from llmplat.domain.oci import Reference
    from llmplat.domain.registry import Registry


@dataclass(frozen=True)
class Target:
    """A registry or a folder: one of the two is given."""

    place: "MirrorPlace | None" = None
    folder: Path | None = None

    @property
    def name(self) -> str:
        """For people."""
        return str(self.place or self.folder or "no mirror")


def target_of(opened: Opened, named: str | None) -> Target:
    """What `--to` or `--in` names, else the mirror of the platform file; UsageError with neither."""
    from llmplat.domain.mirror import MirrorPlace

    mirror = opened.loaded.platform.mirror
    if named is not None:
        if named.startswith((".", "/", "~")):
            return Target(folder=Path(named).expanduser().absolute())
        return Target(place=MirrorPlace.parse(named))
    if mirror is not None and mirror.folder is not None:
        return Target(folder=Path(mirror.folder))
    place = opened.loaded.platform.mirror_place
    if place is None:
        raise UsageError(
            "Neither the platform file nor the command line names a mirror.",
            fix=("--to /srv/mirror", "or mirror: {registry: registry.example.com/mirror}"),
        )
    return Target(place=place)


def things_of(
    opened: Opened, target: Target | None = None, kinds: Sequence[str] = ()
) -> "tuple[Thing, ...]":
    """Everything that the opened platform fetches; of `kinds` only, where any are given."""
    from llmplat.apply.mirror_things import KINDS, list_things
    from llmplat.catalog.runtimes import load_runtime

    wrong = sorted(set(kinds) - set(KINDS))
    if wrong:
        raise UsageError(
            f"There is no kind {wrong[0]}.", fix=tuple(f"--only {kind}" for kind in KINDS)
        )
    platform = opened.loaded.platform
    place = (target.place if target else None) or platform.mirror_place
    found = list_things(platform, read_lock(opened), catalog(), load_runtime, place)
    return tuple(thing for thing in found if not kinds or thing.kind in kinds)


class Mirror:
    """Opens what things are read from and written to; every transfer can be ended."""

    def __init__(self, run: Run, opened: Opened, target: Target, *, plain_http: bool) -> None:
        self._run = run
        self._opened = opened
        self._target = target
        self._plain_http = plain_http
        self._stops: list[Stop] = []

    def target(self, thing: "Thing") -> "Place":
        """Where the mirror keeps `thing`: a name in a repository, or in the folder's layout."""
        from llmplat.apply.mirror_copy import Place
        from llmplat.domain.oci import Reference

        if self._target.folder is not None:
            return Place(self._layout(self._target.folder), thing.origin)
        reference = Reference.parse(thing.kept)
        return Place(self._registry(reference), reference.tag or str(reference.digest))

    def origin(self, thing: "Thing") -> "Place":
        """Where `thing` is published."""
        from llmplat.apply.mirror_copy import Place
        from llmplat.domain.oci import Reference

        reference = Reference.parse(thing.origin)
        return Place(self._registry(reference), reference.tag or str(reference.digest))

    def carried(self, folder: Path, thing: "Thing") -> "Place":
        """Where a folder that was filled before has `thing`."""
        from llmplat.apply.mirror_copy import Place

        if not (folder / "oci" / "oci-layout").is_file():
            raise InputError(
                f"{folder} is not a folder that `llmplat mirror copy` filled.",
                fix=(f"llmplat mirror copy --to {folder}, where the origins can be reached",),
            )
        return Place(self._layout(folder), thing.origin)

    def stop(self) -> None:
        """End every transfer under way."""
        for stop in self._stops:
            stop.set()

    def _registry(self, reference: "Reference") -> "Registry":
        from llmplat.cli.wiring_images import open_repository

        return open_repository(self._run, reference, self._new_stop(), plain_http=self._plain_http)

    def _layout(self, folder: Path) -> "Registry":
        from llmplat.adapters.oci_layout import LayoutRegistry

        return LayoutRegistry(folder / "oci", cache_home(self._run.env), self._new_stop())

    def _new_stop(self) -> "Stop":
        from llmplat.adapters.oci_stop import Stop

        stop = Stop()
        self._stops.append(stop)
        return stop


def copy_tools(
    run: Run, opened: Opened, target: Target, source: Path | None, *, jobs: int, plain_http: bool
) -> "CopyTools":
    """What `mirror copy` needs of the world; `source` is a folder to copy from in place of origins."""
    from llmplat.adapters.chart_index import fetch_chart, find_chart_digest
    from llmplat.apply.mirror_copy import CopyTools

    mirror = Mirror(run, opened, target, plain_http=plain_http)
    origin = mirror.origin if source is None else partial(mirror.carried, source)
    return CopyTools(
        source=origin,
        target=mirror.target,
        fetch_chart=lambda thing: fetch_chart(*_chart(thing)),
        chart_digest=lambda thing: find_chart_digest(*_chart(thing)),
        has_web=source is None,
        folders=folders_of(opened, target),
        # A layout is written by one at a time.
        jobs=jobs if target.folder is None else 1,
        stop=mirror.stop,
    )


def prepare(run: Run, target: Target) -> None:
    """Make the target's folder, where it is one; InputError where it holds something else."""
    from llmplat.adapters.oci_layout import LayoutRegistry

    if target.folder is not None:
        LayoutRegistry(target.folder / "oci", cache_home(run.env)).try_push()


def folders_of(opened: Opened, target: Target) -> "MirrorFolder | None":
    """The folder's packages and models; None where the target is a registry."""
    from llmplat.adapters.mirror_folder import MirrorFolder
    from llmplat.catalog.runtimes import load_runtime

    if target.folder is None:
        return None
    lock = read_lock(opened)
    models = {model.source: model for model in (lock.models if lock is not None else ())}
    return MirrorFolder(target.folder, opened.cache, models, load_runtime)


def look(
    run: Run, opened: Opened, target: Target, things: "Sequence[Thing]", *, is_quick: bool
) -> "VerifyReport":
    """What the mirror at `target` has of `things`; plain_http as for every registry of this machine."""
    from llmplat.apply.mirror_verify import verify_things

    mirror = Mirror(run, opened, target, plain_http=False)
    folders = folders_of(opened, target)
    return verify_things(
        things, target.name, mirror.target, folders, run.emitter, is_quick=is_quick
    )


def mirror_findings(run: Run, opened: Opened) -> tuple[Finding, ...]:
    """What the mirror of the platform file lacks, by a short look; nothing without a mirror."""
    from llmplat.apply.mirror_verify import findings_of

    platform = opened.loaded.platform
    if platform.mirror is None or (platform.mirror_place is None and not platform.mirror.folder):
        return ()
    target = target_of(opened, None)
    things = things_of(opened, target)
    things = tuple(thing for thing in things if not _is_here(opened, thing))
    if target.folder is None:
        things = tuple(thing for thing in things if thing.is_oci)
    return findings_of(look(run, opened, target, things, is_quick=True))


def _is_here(opened: Opened, thing: "Thing") -> bool:
    """Whether this machine has fetched it before, so that the mirror is not asked for it again."""
    from llmplat.adapters.environments import find_environment
    from llmplat.adapters.model_store import model_folder
    from llmplat.catalog.runtimes import load_runtime

    if thing.is_oci or thing.digest is None:
        return False
    if thing.kind == "packages" and "==" not in thing.origin:
        return find_environment(load_runtime(thing.origin), opened.cache) is not None
    if thing.kind == "files":
        return model_folder(opened.cache, thing.digest).is_dir()
    return any((opened.cache / "models" / "demos").glob("*.json"))


def require_mirror(run: Run, opened: Opened) -> None:
    """Raise PreconditionError, with every finding, where the mirror lacks something."""
    found = mirror_findings(run, opened)
    if found:
        count = len(found)
        raise PreconditionError(
            f"The mirror lacks {count} thing{'' if count == 1 else 's'}; nothing was made.",
            why="; ".join(one.what for one in found),
            fix=found[0].fix,
            findings=found,
        )


def _chart(thing: "Thing") -> tuple[str, str, str]:
    """The repository, the chart's name and its version."""
    repository, _, chart = thing.origin.rpartition("/")
    name, _, version = chart.partition(":")
    return repository, name, version.replace("_", "+")
