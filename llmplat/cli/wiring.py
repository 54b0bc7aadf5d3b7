"""The composition root: the only module that names adapters, each imported when it is asked for."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmplat.cli.run import Run, cache_home, state_home
from llmplat.domain.errors import InputError, LlmplatError, PreconditionError

if TYPE_CHECKING:
    from llmplat.apply.key_changes import Desk
    from llmplat.catalog.entries import Catalog
    from llmplat.domain.chat import ChatService
    from llmplat.domain.machine import MachineProbe
    from llmplat.domain.ports import KeysStore
    from llmplat.domain.substrate import Places
    from llmplat.observe.doctor import Wishes
    from llmplat.spec.keys import KeysFile
    from llmplat.spec.load import LoadedPlatform
    from llmplat.spec.lock import Lock
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


def cache_dir(run: Run) -> Path:
    """What can be fetched again: environments, models, downloads."""
    return cache_home(run.env)


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
    from llmplat.spec.keys import with_declared
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
    declared = with_declared(loaded.platform, read_keys(keys_file))
    return Opened(
        loaded=replace(loaded, platform=declared),
        written=loaded.platform,
        file=file,
        lock_file=beside / LOCK_FILE,
        keys_file=keys_file,
        state=state_dir(run, loaded.platform.name),
        cache=cache_dir(run),
    )


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
    from llmplat.spec.lock import parse_lock

    if not opened.lock_file.is_file():
        return None
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
    """Where keys of the opened platform are changed."""
    from datetime import UTC, datetime

    from llmplat.adapters.local_home import LocalHome
    from llmplat.adapters.local_key_gate import LocalKeyGate
    from llmplat.apply.key_changes import Desk

    opened = open_platform(run)

    def policy_of(platform: "Platform") -> dict[str, Any]:
        from llmplat.plan.make import make_plan

        gateway = make_plan(platform, read_lock(opened), catalog()).gateway
        return gateway.policy if gateway is not None else {"tenants": {}}

    return Desk(
        store=keys_store(opened),
        gate=LocalKeyGate(LocalHome(opened.name, opened.state)),
        platform=opened.written,
        name=str(opened.keys_file),
        now=datetime.now(UTC).replace(microsecond=0),
        policy_of=policy_of,
    )


def keys_json(opened: Opened, places: "Places") -> str:
    """The gateway's keys.json for `up`: hashes of the declared keys and the system key."""
    from datetime import UTC, datetime

    from llmplat.apply.keys import keys_document

    now = datetime.now(UTC)
    return keys_document(read_keys(opened.keys_file), places.system_key_sha256, now)


def machine_probe(run: Run) -> "MachineProbe":
    """A look at this machine and what it can reach."""
    from llmplat.adapters.machine_probe import LocalMachine

    folders = {"cache": cache_dir(run), "state": state_home(run.env)}
    return LocalMachine(folders, run.env)


def wishes(run: Run) -> "Wishes":
    """What the platform asks of this machine; a fault of its files is told, not raised."""
    from llmplat.adapters.environments import find_environment
    from llmplat.adapters.local_substrate import LocalSubstrate
    from llmplat.apply.needs import needs_of
    from llmplat.catalog.runtimes import load_runtime
    from llmplat.observe.doctor import Wishes
    from llmplat.plan.make import make_plan

    name = str(run.file or DEFAULT_FILE)
    try:
        opened = open_platform(run)
        name = opened.name
        plan = make_plan(opened.loaded.platform, read_lock(opened), catalog())
        needs = needs_of(plan)
        missing = LocalSubstrate(name, opened.state, opened.cache).preflight(needs)
    except LlmplatError as error:
        return Wishes(name, failure=error)
    launches = (*plan.engines, *((plan.gateway,) if plan.gateway else ()))
    runtimes = dict.fromkeys(launch.runtime for launch in launches)
    sources = [model.source or "" for model in opened.loaded.platform.models]
    return Wishes(
        name,
        missing=missing,
        ports=tuple(need.port for need in needs.services),
        memory_bytes=sum(need.memory_bytes for need in needs.services),
        needs_hub=any(source.startswith("hf://") for source in sources),
        needs_gpu="vllm-cuda" in runtimes,
        not_installed=tuple(
            runtime
            for runtime in runtimes
            if not find_environment(load_runtime(runtime), opened.cache)
        ),
    )
