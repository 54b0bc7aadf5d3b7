"""The composition root of what speaks to the gateway: questions, and changes of keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmplat.cli.run import Run
from llmplat.cli.wiring import Opened, catalog, open_platform, read_lock
from llmplat.domain.errors import PreconditionError

if TYPE_CHECKING:
    from llmplat.apply.key_changes import Desk
    from llmplat.domain.chat import ChatService
    from llmplat.domain.key_change import ChangeBook
    from llmplat.domain.ports import KeysStore
    from llmplat.spec.platform import Platform


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


@contextmanager
def change_book(run: Run, opened: Opened, context: str | None = None) -> "Iterator[ChangeBook]":
    """The changes of keys that tenants asked for: at the gateway here, or of the cluster."""
    from llmplat.adapters.gateway_changes import GatewayChanges

    if opened.loaded.platform.substrate.local is not None:
        way = entrance(run, opened)
        yield GatewayChanges(way.url, way.key)
        return
    from llmplat.apply.cluster_secrets import system_key
    from llmplat.cli.wiring_cluster import open_cluster
    from llmplat.cli.wiring_secrets import backend_of
    from llmplat.cli.wiring_tree import cluster_plan
    from llmplat.plan.cluster.gateway import NAMESPACE
    from llmplat.render.objects.gateway import NAME_OF_ALL, SERVICE_PORT

    cluster, plan = open_cluster(run, opened, context), cluster_plan(opened)
    key = system_key(backend_of(run, opened, plan), plan)
    run.emitter.masker.add(key)
    with cluster.forward(NAMESPACE, NAME_OF_ALL, SERVICE_PORT) as url:
        yield GatewayChanges(url, key)


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
