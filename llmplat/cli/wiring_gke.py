"""The composition root of GKE: the program under mocks, the project, the provisioner, the kubeconfig."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llmplat.cli import wiring

if TYPE_CHECKING:
    from llmplat.apply.gke_down import GkeCloud
    from llmplat.apply.gke_preflight import CloudPreflight
    from llmplat.apply.gke_up import GkeTools, GkeWish
    from llmplat.cli.run import Run
    from llmplat.cli.wiring import Opened
    from llmplat.domain.cloud import Cloud
    from llmplat.domain.cluster import Cluster
    from llmplat.domain.gke import GkeInputs
    from llmplat.domain.provision import Provisioner
    from llmplat.plan.gke.changes import Applied
    from llmplat.plan.gke.gke_plan import GkePlan
    from llmplat.plan.plan import Plan


def gke_plan(opened: "Opened", plan: "Plan") -> "GkePlan":
    """The cloud's side of `plan`, by running infra/gke under mocks.

    Raises PreconditionError without Pulumi's packages, SpecError for a changed project.
    """
    from llmplat.output.as_json import to_data
    from llmplat.plan.gke.gke_plan import make_gke_plan
    from llmplat.plan.gke.resources import read_resources

    inputs, applied = _inputs(opened, plan), _applied(opened)
    resources = read_resources(_recorded(json.dumps(to_data(inputs))))
    platform = opened.loaded.platform
    made = make_gke_plan(platform, inputs, plan.cluster, resources, applied)
    return replace(made, warnings=opened.loaded.warnings)


@lru_cache(maxsize=1)
def _recorded(document: str) -> tuple[dict[str, Any], ...]:
    """What infra/gke declares for `document`; the program runs once in a run of llmplat."""
    from llmplat.adapters.gke_python import record_program

    found = record_program("gke", json.loads(document), wiring.home(), dict(os.environ))
    return tuple(found)


def gke_wish(
    opened: "Opened",
    plan: "Plan",
    *,
    waive: tuple[str, ...] = (),
    allow_replace: frozenset[str] = frozenset(),
    is_repair: bool = False,
    ask: Callable[[str], bool] | None = None,
) -> "GkeWish":
    """What this run is to come to in the cloud."""
    from llmplat.apply.gke_up import GkeWish
    from llmplat.catalog.cloud import load_cloud
    from llmplat.output.as_json import to_data
    from llmplat.plan.gke.needs import cloud_needs

    inputs = _inputs(opened, plan)
    return GkeWish(
        inputs=inputs,
        document=to_data(inputs),
        needs=cloud_needs(inputs, load_cloud()),
        models=_models_by_pool(plan),
        waive=waive,
        replace=allow_replace,
        is_repair=is_repair,
        ask=ask,
    )


def gke_tools(run: "Run", opened: "Opened", plan: "Plan") -> "GkeTools":
    """What bringing up the cloud needs of the world."""
    from llmplat.adapters.gke_inventory import write_inventory
    from llmplat.adapters.gke_kubeconfig import write_kubeconfig
    from llmplat.apply.gke_up import GkeTools
    from llmplat.catalog.cloud import load_cloud
    from llmplat.output.as_json import to_data

    inputs = _inputs(opened, plan)

    def remember() -> None:
        rows = _recorded(json.dumps(to_data(inputs)))
        write_inventory(opened.state, inputs.project, rows)

    return GkeTools(
        cloud=cloud_project(run, inputs.project),
        facts=load_cloud(),
        provisioner=provisioner(run, opened),
        connect=lambda outputs: write_kubeconfig(opened.state, opened.name, outputs.endpoint),
        remember=remember,
    )


def cloud_project(run: "Run", project: str) -> "Cloud":
    """The project, as whoever the environment is signed in as."""
    from llmplat.adapters.google_cloud import GoogleCloud
    from llmplat.cli.wiring_google import google_rest

    return GoogleCloud(google_rest(run, project))


def provisioner(run: "Run", opened: "Opened", program: str = "gke") -> "Provisioner":
    """Pulumi's side of infra/`program`; PreconditionError where its packages or tool are missing."""
    from llmplat.adapters.gke_python import gke_python
    from llmplat.adapters.pulumi_cli import require_pulumi
    from llmplat.adapters.pulumi_provisioner import PulumiProvisioner
    from llmplat.adapters.pulumi_seat import PulumiSeat

    substrate = opened.loaded.platform.substrate
    seat = PulumiSeat(
        platform=opened.name,
        program=program,
        home=wiring.home(),
        state=opened.state,
        python=gke_python(run.env),
        tool=require_pulumi(run.env, opened.cache),
        backend=substrate.state_backend,
        project=substrate.gke.project if substrate.gke is not None else "",
    )
    return PulumiProvisioner(seat, run.env)


def install_pulumi(run: "Run", opened: "Opened", ask: Callable[[str], bool] | None) -> None:
    """Put Pulumi's tool into llmplat's own folder; somebody has to say yes."""
    from llmplat.adapters.pulumi_cli import install_pulumi as install

    install(opened.cache, run.emitter, ask)


def look_at_cloud(run: "Run", opened: "Opened", plan: "Plan") -> "CloudPreflight":
    """Everything that the project lacks; nothing is changed."""
    from llmplat.apply.gke_preflight import look_at_project
    from llmplat.catalog.cloud import load_cloud
    from llmplat.plan.gke.needs import cloud_needs

    inputs = _inputs(opened, plan)
    facts = load_cloud()
    return look_at_project(cloud_needs(inputs, facts), cloud_project(run, inputs.project), facts)


def cloud_of(run: "Run", opened: "Opened") -> "GkeCloud":
    """The ground under the cluster, for `down`."""
    from llmplat.adapters.gke_inventory import FILE
    from llmplat.apply.gke_down import GkeCloud
    from llmplat.cli.wiring_tree import cluster_plan
    from llmplat.domain.cloud import Named
    from llmplat.output.as_json import to_data

    plan = cluster_plan(opened)
    inputs = replace(_inputs(opened, plan), deletion_protection=False)

    def forget() -> None:
        provisioner(run, opened, "bootstrap").forget()
        (opened.state / FILE).unlink(missing_ok=True)

    place = Named("cluster", inputs.platform, inputs.location)
    project = cloud_project(run, inputs.project)
    return GkeCloud(
        provisioner(run, opened),
        to_data(inputs),
        forget=forget,
        serves=lambda: project.serves(place),
    )


def open_own_cluster(run: "Run", opened: "Opened") -> "Cluster":
    """The cluster that `up` made, by llmplat's own kubeconfig; PreconditionError before the first."""
    from llmplat.adapters.gke_kubeconfig import FILE, context_name
    from llmplat.adapters.kube_cluster import open_cluster
    from llmplat.domain.errors import PreconditionError

    file = opened.state / FILE
    if not file.is_file():
        raise PreconditionError(
            f"The cluster of the platform {opened.name} is not known here.",
            f"{file} is not there; `up` writes it",
            ("llmplat up",),
        )
    return open_cluster(context_name(opened.name), {**run.env, "KUBECONFIG": str(file)})


def _inputs(opened: "Opened", plan: "Plan") -> "GkeInputs":
    """What the program is told; SpecError where the project is another than last time."""
    from llmplat.plan.gke.changes import check_project
    from llmplat.plan.gke.gke_plan import inputs_of

    inputs = inputs_of(opened.loaded.platform, plan.cluster, wiring.catalog())
    check_project(_applied(opened), inputs.project, opened.name)
    return inputs


def _applied(opened: "Opened") -> "Applied | None":
    """What this machine remembers of the last `up`."""
    from llmplat.adapters.gke_inventory import read_inventory
    from llmplat.plan.gke.changes import Applied
    from llmplat.plan.gke.resources import read_resources

    kept = read_inventory(opened.state)
    return Applied(kept["project"], read_resources(kept["resources"])) if kept else None


def _models_by_pool(plan: "Plan") -> dict[str, tuple[str, ...]]:
    engines = plan.cluster.workloads.engines if plan.cluster is not None else ()
    found: dict[str, tuple[str, ...]] = {}
    for one in engines:
        if one.flavor is not None:
            found[one.flavor.name] = (*found.get(one.flavor.name, ()), one.launch.model)
    return found
