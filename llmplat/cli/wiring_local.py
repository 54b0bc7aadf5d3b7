"""The composition root of what runs on this machine: up, and looks at what it left."""

from pathlib import Path
from typing import TYPE_CHECKING

from llmplat.cli.run import Run
from llmplat.cli.wiring import Opened, catalog, fetch_from, read_keys
from llmplat.domain.errors import PreconditionError

if TYPE_CHECKING:
    from llmplat.apply.up import UpTools
    from llmplat.domain.ports import Ask, Progress, RunningParts, Substrate
    from llmplat.domain.substrate import Places
    from llmplat.spec.lock import Lock


def substrate(opened: Opened) -> "Substrate":
    """What the opened platform runs on; PreconditionError for a substrate not driven from here."""
    from llmplat.adapters.local_substrate import LocalSubstrate

    if opened.loaded.platform.substrate.local is None:
        raise PreconditionError(
            "This platform does not run on this machine.",
            f"its substrate is {opened.loaded.platform.substrate.kind}, where this command has "
            "nothing to act on",
            ("llmplat status", "or set substrate: {local: {}} in platform.yaml"),
        )
    return LocalSubstrate(opened.name, opened.state, opened.cache)


def ask() -> "Ask":
    """Requests to parts on this machine."""
    from llmplat.adapters.local_http import ask as ask_local

    return ask_local


def up_tools(run: Run, opened: Opened) -> "UpTools":
    """What `up` needs of the world."""
    from llmplat.adapters.environments import ensure_environment, find_environment
    from llmplat.apply.up import UpTools
    from llmplat.catalog.runtimes import load_runtime
    from llmplat.cli.wiring_lock import make_lock

    def install(runtime: str, progress: "Progress") -> Path:
        return ensure_environment(runtime, opened.cache, progress, fetch_from(opened))

    def is_installed(runtime: str) -> bool:
        return find_environment(load_runtime(runtime), opened.cache) is not None

    return UpTools(
        substrate=substrate(opened),
        catalog=catalog(),
        install=install,
        is_installed=is_installed,
        fetch=lambda name, source, lock, progress: _fetch(opened, name, source, lock, progress),
        make_lock=lambda progress: make_lock(run, opened, progress),
        keys_json=lambda places: _keys_json(run, opened, places),
        ask=ask(),
    )


def _fetch(
    opened: Opened, name: str, source: str, lock: "Lock | None", progress: "Progress"
) -> Path:
    from llmplat.adapters.model_store import ensure_model

    entries = lock.models if lock is not None else ()
    entry = next((one for one in entries if (one.name, one.source) == (name, source)), None)
    # A packaged model is served from its image: what was published is what runs.
    place = f"oci://{entry.image}" if entry is not None and entry.image else source
    return ensure_model(place, entry, opened.cache, progress, fetch=fetch_from(opened)).path


def _keys_json(run: Run, opened: Opened, places: "Places") -> str:
    from datetime import UTC, datetime

    from llmplat.apply.keys import keys_document

    run.emitter.masker.add(places.system_key)
    keys = read_keys(opened.keys_file)
    return keys_document(keys, places.system_key_sha256, datetime.now(UTC))


def running_parts(opened: Opened) -> "RunningParts":
    """What the last `up` left on this machine, to compare a plan with."""
    from llmplat.adapters.local_running import LocalRunningParts

    return LocalRunningParts(opened.name, opened.state, opened.cache)
