"""The composition root of the commands that look rather than act: doctor and verify."""

from typing import TYPE_CHECKING

from llmplat.cli.run import Run, state_home
from llmplat.cli.wiring import (
    DEFAULT_FILE,
    Opened,
    cache_dir,
    catalog,
    open_platform,
    read_lock,
)
from llmplat.cli.wiring_gateway import desk_of, entrance
from llmplat.cli.wiring_local import substrate
from llmplat.cli.wiring_mirror import mirror_findings
from llmplat.cli.wiring_substrate import Ground, ground_of
from llmplat.domain.errors import LlmplatError, PreconditionError

if TYPE_CHECKING:
    from pathlib import Path

    from llmplat.adapters.local_verify_site import LocalVerifySite
    from llmplat.domain.machine import MachineProbe
    from llmplat.domain.manifest import Manifest
    from llmplat.domain.substrate import SubstrateStatus
    from llmplat.observe.doctor import Wishes


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
        if ground_of(opened) is Ground.CLUSTER:
            return _wishes_of_cluster(run, opened)
        if ground_of(opened) is Ground.GKE:
            return _wishes_of_gke(run, opened)
        plan = make_plan(
            opened.loaded.platform, read_lock(opened), catalog(), is_unfit_accepted=True
        )
        needs = needs_of(plan)
        missing = LocalSubstrate(name, opened.state, opened.cache).preflight(needs)
        missing = (*missing, *mirror_findings(run, opened))
    except LlmplatError as error:
        return Wishes(name, failure=error)
    launches = (*plan.engines, *((plan.gateway,) if plan.gateway else ()))
    runtimes = dict.fromkeys(launch.runtime for launch in launches)
    is_mirrored = opened.loaded.platform.mirror is not None
    sources = [model.source or "" for model in opened.loaded.platform.models]
    return Wishes(
        name,
        missing=missing,
        ports=tuple(need.port for need in needs.services),
        memory_bytes=sum(need.memory_bytes for need in needs.services),
        needs_hub=not is_mirrored and any(source.startswith("hf://") for source in sources),
        needs_gpu="vllm-cuda" in runtimes,
        not_installed=tuple(
            runtime
            for runtime in runtimes
            if not is_mirrored and not find_environment(load_runtime(runtime), opened.cache)
        ),
    )


def _wishes_of_cluster(run: Run, opened: Opened) -> "Wishes":
    """What is in the way on the cluster, looked up there; raises what keeps it from being seen."""
    from llmplat.apply.cluster_inventory import read_inventory, refuse_other
    from llmplat.apply.cluster_secrets import missing_secrets
    from llmplat.cli.wiring_cluster import open_cluster, preflight
    from llmplat.cli.wiring_tree import cluster_plan
    from llmplat.observe.doctor import Wishes

    plan = cluster_plan(opened)
    cluster = open_cluster(run, opened)
    inventory = read_inventory(cluster)
    refuse_other(inventory, plan.platform)
    found = (*preflight(opened, cluster, plan, inventory), *missing_secrets(cluster, plan))
    found = (*found, *mirror_findings(run, opened))
    return Wishes(opened.name, missing=found, is_local=False)


def _wishes_of_gke(run: Run, opened: Opened) -> "Wishes":
    """What the project lacks, and Pulumi's parts on this machine; raises what keeps it from being seen."""
    from llmplat.cli.wiring_gke import look_at_cloud, provisioner
    from llmplat.cli.wiring_tree import cluster_plan
    from llmplat.domain.errors import Finding
    from llmplat.observe.doctor import Wishes

    found = (
        *look_at_cloud(run, opened, cluster_plan(opened)).findings,
        *mirror_findings(run, opened),
    )
    try:
        provisioner(run, opened)
    except PreconditionError as error:
        found = (*found, Finding(error.code, error.what, error.why, error.fix))
    return Wishes(opened.name, missing=found, is_local=False)


def verify_site(run: Run) -> "LocalVerifySite":
    """The running platform for `verify`; PreconditionError when nothing runs here."""
    from llmplat.adapters.local_home import LocalHome
    from llmplat.adapters.local_verify_site import LocalVerifySite
    from llmplat.observe.verify import EngineAddress
    from llmplat.plan.make import make_plan

    opened = open_platform(run)
    entrance(run, opened)
    found = substrate(opened).status()
    _require_gateway(found, opened)
    plan = make_plan(opened.loaded.platform, read_lock(opened), catalog(), is_unfit_accepted=True)
    chat = [model for model in plan.models if model.kind == "chat" and model.ports]
    engines = tuple(
        EngineAddress(f"engine-{model.name}", "127.0.0.1", port, model.name)
        for model in plan.models
        for port in model.ports
    )
    port = opened.loaded.platform.substrate.local
    return LocalVerifySite(
        desk_of(opened),
        LocalHome(opened.name, opened.state),
        ("127.0.0.1", port.port if port else 0),
        {model.name: next(iter(model.aliases), model.name) for model in chat},
        engines,
    )


def _require_gateway(found: "SubstrateStatus", opened: Opened) -> None:
    from llmplat.domain.substrate import Health, Role

    gateways = [one for one in found.services if one.role is Role.GATEWAY]
    if any(one.health is Health.HEALTHY for one in gateways):
        return
    why = gateways[0].reason or gateways[0].health.value if gateways else "nothing was started"
    raise PreconditionError(
        f"The gateway of platform {opened.name!r} does not run.", why, ("llmplat up",)
    )


def made_now() -> str:
    """When and by what a report is made, as a sentence."""
    from datetime import UTC, datetime

    from llmplat import __version__

    return f"Made by llmplat {__version__} on {datetime.now(UTC):%Y-%m-%d at %H:%M} UTC."


def read_manifests(place: "Path") -> "tuple[Manifest, ...]":
    """Every manifest below a folder, in a file, or on standard input for `-`."""
    from llmplat.adapters.manifest_folder import read_manifests as read

    return read(place)
