"""The composition root: the only module that names adapters, each imported when it is asked for."""

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmplat.cli.run import Run, cache_home, state_home
from llmplat.domain.errors import InputError, PreconditionError

if TYPE_CHECKING:
    from llmplat.apply.key_changes import Desk
    from llmplat.apply.lock import LockTools
    from llmplat.apply.lock_cluster import ClusterPins
    from llmplat.apply.up import UpTools
    from llmplat.catalog.entries import Catalog
    from llmplat.domain.chat import ChatService
    from llmplat.domain.model_record import ModelRecord
    from llmplat.domain.ports import Ask, KeysStore, Progress, RunningParts, Substrate
    from llmplat.domain.substrate import Places
    from llmplat.spec.keys import KeysFile
    from llmplat.spec.load import LoadedPlatform
    from llmplat.spec.lock import Lock
    from llmplat.spec.model import Model
    from llmplat.spec.platform import Platform

DEFAULT_FILE = "platform.yaml"
LOCK_FILE = "platform.lock.yaml"
KEYS_FILE = "keys.yaml"


@dataclass(frozen=True)
class Opened:
    """The platform a command works on, and the files that belong to it."""

    loaded: "LoadedPlatform"
    """With the tenants that the keys file declares beside it."""
    written: "Platform"
    """As the platform file alone has it."""
    file: Path | None
    """None: the built-in default."""
    lock_file: Path
    keys_file: Path
    state: Path
    cache: Path

    @property
    def name(self) -> str:
        """The platform's name."""
        return self.loaded.platform.name


def home() -> Path:
    """The folder that holds profiles/, templates/ and infra/: in a wheel or in a checkout."""
    package = Path(__file__).resolve().parent.parent
    bundled = package / "_bundled"
    return bundled if bundled.is_dir() else package.parent


def cache_dir(run: Run | None = None) -> Path:
    """What can be fetched again: environments, models, downloads."""
    return cache_home(dict(os.environ) if run is None else run.env)


def state_dir(run: Run, platform: str) -> Path:
    """What the platform of that name owns on this machine: secrets, logs, Redis, rendered files."""
    return state_home(run.env) / platform


@lru_cache(maxsize=1)
def catalog() -> "Catalog":
    """The shipped catalogue; raises CatalogError when it is broken."""
    from llmplat.catalog.load import load_catalog

    return load_catalog(home())


def open_platform(run: Run) -> Opened:
    """The file named by --file, else ./platform.yaml, else the built-in default (and says so).

    Raises InputError for a named file that does not exist, SpecError for a wrong one.
    """
    from llmplat.spec.load import default_platform, load_platform

    file = _file(run)
    if file is None:
        loaded = default_platform()
        run.emitter.note(
            "no platform.yaml here: using the built-in default (`llmplat init` writes one)"
        )
        beside = state_dir(run, loaded.platform.name)
    else:
        loaded = load_platform(file)
        beside = file.resolve().parent
    keys_file = beside / KEYS_FILE
    return Opened(
        loaded=_with_declared(loaded, keys_file),
        written=loaded.platform,
        file=file,
        lock_file=_lock_file(file, beside),
        keys_file=keys_file,
        state=state_dir(run, loaded.platform.name),
        cache=cache_dir(run),
    )


def _lock_file(file: Path | None, beside: Path) -> Path:
    """<file>.lock.yaml where there is one, so that a folder may hold several; else platform.lock.yaml."""
    own = beside / f"{file.stem}.lock.yaml" if file is not None else beside / LOCK_FILE
    return own if own.is_file() else beside / LOCK_FILE


def _with_declared(loaded: "LoadedPlatform", keys_file: Path) -> "LoadedPlatform":
    if not keys_file.is_file():
        return loaded
    from llmplat.spec.keys import with_declared

    return replace(loaded, platform=with_declared(loaded.platform, read_keys(keys_file)))


def read_keys(keys_file: Path) -> "KeysFile":
    """The declared keys, none when there is no file; SpecError when it is wrong."""
    from llmplat.spec.keys import KeysFile, parse_keys

    if not keys_file.is_file():
        return KeysFile()
    return parse_keys(keys_file.read_text(encoding="utf-8"), str(keys_file))


def _file(run: Run) -> Path | None:
    if run.file is not None:
        if not run.file.is_file():
            raise InputError(
                f"There is no platform file {run.file}.",
                fix=(
                    f"llmplat init --file {run.file}",
                    "or leave --file out for the built-in default",
                ),
            )
        return run.file
    default = Path(DEFAULT_FILE)
    return default if default.is_file() else None


def read_lock(opened: Opened) -> "Lock | None":
    """The lock beside the platform file, None when there is none yet; SpecError when it is wrong."""
    if not opened.lock_file.is_file():
        return None
    from llmplat.spec.lock import parse_lock

    return parse_lock(opened.lock_file.read_text(encoding="utf-8"), str(opened.lock_file))


@dataclass(frozen=True)
class Entrance:
    """How llmplat itself reaches the running gateway."""

    url: str
    """Without /v1."""
    key: str
    """The budgeted system key; never shown."""


def entrance(run: Run, opened: Opened) -> Entrance:
    """The gateway's address and the system key; PreconditionError when nothing was ever started."""
    from llmplat.adapters.local_home import LocalHome
    from llmplat.adapters.local_secrets import SYSTEM_KEY, read_secret

    try:
        key = read_secret(LocalHome(opened.name, opened.state).secrets, SYSTEM_KEY)
    except OSError as error:
        raise PreconditionError(
            f"Platform {opened.name!r} was never started on this machine.",
            f"there is no system key under {opened.state}",
            ("llmplat up",),
        ) from error
    run.emitter.masker.add(key)
    return Entrance(url=gateway_url(opened), key=key)


def gateway_url(opened: Opened) -> str:
    """The gateway's address on this machine; PreconditionError for another substrate."""
    local = opened.loaded.platform.substrate.local
    if local is None:
        raise PreconditionError(
            "This platform does not run on this machine.",
            "only the local substrate can be reached from here",
            ("set substrate: {local: {}} in platform.yaml",),
        )
    return f"http://127.0.0.1:{local.port}"


def chat_service(run: Run, opened: Opened) -> "ChatService":
    """Questions to the running gateway with the system key."""
    from llmplat.adapters.chat_gateway import GatewayChat

    way = entrance(run, opened)
    return GatewayChat(way.url, way.key, opened.loaded.platform.timeouts.client_s)


def keys_store(opened: Opened) -> "KeysStore":
    """The keys file of the platform, with its lock in the state folder."""
    from llmplat.adapters.keys_file import KeysFileStore

    return KeysFileStore(opened.keys_file, opened.state / "run" / "keys.lock")


def keys_desk(run: Run) -> "Desk":
    """Where keys of the platform are changed."""
    return desk_of(open_platform(run))


def desk_of(opened: Opened) -> "Desk":
    """Where keys of `opened` are changed."""
    from datetime import UTC, datetime

    from llmplat.adapters.local_home import LocalHome
    from llmplat.adapters.local_key_gate import LocalKeyGate
    from llmplat.apply.key_changes import Desk

    def policy_of(platform: "Platform") -> dict[str, Any]:
        from llmplat.plan.make import make_plan

        gateway = make_plan(platform, read_lock(opened), catalog(), is_unfit_accepted=True).gateway
        return gateway.policy if gateway is not None else {"tenants": {}}

    return Desk(
        store=keys_store(opened),
        gate=LocalKeyGate(LocalHome(opened.name, opened.state)),
        platform=opened.written,
        name=str(opened.keys_file),
        now=datetime.now(UTC).replace(microsecond=0),
        policy_of=policy_of,
    )


def substrate(opened: Opened) -> "Substrate":
    """What the opened platform runs on; PreconditionError for a substrate not driven from here."""
    from llmplat.adapters.local_substrate import LocalSubstrate

    if opened.loaded.platform.substrate.local is None:
        raise PreconditionError(
            "This platform does not run on this machine.",
            "its manifests can be rendered, but bringing a cluster up is not built yet",
            ("llmplat render --out manifests", "or set substrate: {local: {}} in platform.yaml"),
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

    def install(runtime: str, progress: "Progress") -> Path:
        return ensure_environment(runtime, opened.cache, progress)

    def is_installed(runtime: str) -> bool:
        return find_environment(load_runtime(runtime), opened.cache) is not None

    return UpTools(
        substrate=substrate(opened),
        catalog=catalog(),
        install=install,
        is_installed=is_installed,
        fetch=lambda name, source, lock, progress: _fetch(opened, name, source, lock, progress),
        make_lock=lambda progress: _make_lock(run, opened, progress),
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
    return ensure_model(place, entry, opened.cache, progress).path


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


def lock_tools(run: Run, opened: Opened) -> "LockTools":
    """What `lock` needs of the world."""
    from llmplat.adapters.atomic_file import write_whole
    from llmplat.adapters.nvidia import find_gpus
    from llmplat.apply.lock import LockTools
    from llmplat.catalog.runtimes import load_runtime

    def read() -> str | None:
        file = opened.lock_file
        return file.read_text(encoding="utf-8") if file.is_file() else None

    def write(text: str) -> None:
        opened.lock_file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(opened.lock_file, text.encode(), 0o644)

    return LockTools(
        describe=lambda source, progress: _describe(opened, source, progress),
        package=lambda model, record, _progress: _package(run, model, record),
        runtimes=tuple(load_runtime(name) for name in sorted(catalog().runtimes)),
        gpus=find_gpus,
        read=read,
        write=write,
        cluster=_cluster_pins(run),
    )


def _cluster_pins(run: Run) -> "ClusterPins":
    from llmplat.cli.wiring_pins import cluster_pins

    return cluster_pins(run, catalog())


def _describe(opened: Opened, source: str, progress: "Progress") -> "ModelRecord":
    from llmplat.adapters.model_describe import describe_model
    from llmplat.adapters.model_source import open_source
    from llmplat.adapters.model_source_demo import Workshop

    reader = open_source(source, workshop=Workshop(opened.cache, progress))
    return describe_model(reader, source, progress)


def _package(run: Run, model: "Model", record: "ModelRecord") -> str:
    from llmplat.cli.wiring_images import package_locked

    return package_locked(run, model, record)


def _make_lock(run: Run, opened: Opened, progress: "Progress") -> "Lock":
    from llmplat.apply.lock import lock_platform

    platform, file = opened.loaded.platform, str(opened.lock_file)
    return lock_platform(platform, file, lock_tools(run, opened), progress).lock


def free_memory_bytes() -> int:
    """Memory that new processes may take on this machine."""
    from llmplat.adapters.local_preflight import available_memory_bytes

    return available_memory_bytes()


def write_user_file(path: Path, text: str) -> None:
    """Write a file the user asked for, whole or not at all; PreconditionError when it cannot be."""
    from llmplat.adapters.atomic_file import write_whole

    try:
        write_whole(path, text.encode(), mode=0o644)
    except OSError as error:
        raise PreconditionError(
            f"{path} cannot be written.",
            error.strerror or "the system gave no reason",
            (f"ls -ld {path.absolute().parent}", "or name another place with --file"),
        ) from error
