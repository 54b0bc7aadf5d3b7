"""What a plan for GKE needs of the world: the program's own word, and what was applied before."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from llmplat.cli import wiring

if TYPE_CHECKING:
    from llmplat.cli.wiring import Opened
    from llmplat.plan.gke.gke_plan import GkePlan
    from llmplat.plan.plan import Plan


def gke_plan(opened: "Opened", plan: "Plan") -> "GkePlan":
    """The cloud's side of `plan`, by running infra/gke under mocks.

    Raises PreconditionError without Pulumi's packages, SpecError for a changed project.
    """
    from llmplat.adapters.gke_inventory import read_inventory
    from llmplat.adapters.gke_python import record_program
    from llmplat.output.as_json import to_data
    from llmplat.plan.gke.changes import Applied, check_project
    from llmplat.plan.gke.gke_plan import inputs_of, make_gke_plan
    from llmplat.plan.gke.resources import read_resources

    platform = opened.loaded.platform
    inputs = inputs_of(platform, plan.cluster, wiring.catalog())
    kept = read_inventory(opened.state)
    applied = kept and Applied(kept["project"], read_resources(kept["resources"]))
    check_project(applied or None, inputs.project, platform.name)
    recorded = record_program("gke", to_data(inputs), wiring.home(), dict(os.environ))
    resources = read_resources(recorded)
    made = make_gke_plan(platform, inputs, plan.cluster, resources, applied or None)
    return replace(made, warnings=opened.loaded.warnings)
