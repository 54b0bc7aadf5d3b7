"""`llmplat validate`: check the platform file, or any manifests, all faults at once."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmplat.cli.run import Run, current

if TYPE_CHECKING:
    from llmplat.plan.check import ValidationReport
    from llmplat.plan.plan import Plan


class FailOn(StrEnum):
    """The least that makes the command fail."""

    ERROR = "error"
    WARNING = "warning"


def command(
    ctx: typer.Context,
    place: Annotated[
        Path | None,
        typer.Argument(
            help="A folder or file of manifests, or - for a stream [the platform file].",
            metavar="[DIR]",
        ),
    ] = None,
    kubernetes: Annotated[
        str | None,
        typer.Option(
            "--kubernetes",
            help="Minor version whose API the manifests must fit [the platform's, else the newest].",
            metavar="VERSION",
        ),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="The least that makes the command exit 6.")
    ] = FailOn.ERROR,
) -> None:
    r"""Check the platform file, or any manifests.

    \b
    1. Without DIR: reads the platform file and its lock and plans them; for a cluster it renders
       the manifests in memory and checks those too.
    2. With DIR: checks every manifest below it, whoever wrote them.
    3. Manifests: each object against the schema of its kind, the values of charts against the
       keys that the chart knows, and the checks of docs/reference/checks.md.

    Needs no cluster and no network, and changes nothing. CEL rules of CRDs are left to the API
    server. Exits 3 when the platform file is wrong, 6 when something was found.

    \b
    Examples:
      # as a gate in CI
      llmplat validate -f platform.yaml
      # any folder of manifests
      llmplat validate manifests/ --kubernetes 1.35
      # what a pipeline renders
      helm template . | llmplat validate -
    """
    run = current(ctx)
    if place is not None:
        _manifests(run, place, kubernetes, fail_on)
    else:
        _platform(run, kubernetes, fail_on)


def _manifests(run: Run, place: Path, kubernetes: str | None, fail_on: FailOn) -> None:
    """Any manifests, whoever wrote them."""
    from llmplat.catalog.schemas import kubernetes_versions
    from llmplat.cli.wiring_checks import read_manifests
    from llmplat.output.manifests_view import MANIFESTS
    from llmplat.validate.manifests import check_manifests

    version = kubernetes or kubernetes_versions()[-1]
    report = check_manifests(str(place), read_manifests(place), version)
    run.emitter.result(report, MANIFESTS)
    _leave(bool(report.errors), bool(report.warnings), fail_on)


def _platform(run: Run, kubernetes: str | None, fail_on: FailOn) -> None:
    """The platform file; where it is for a cluster, its manifests too."""
    from llmplat.cli.wiring import catalog, open_platform, read_keys, read_lock
    from llmplat.output.validation_view import VALIDATION
    from llmplat.plan.check import plan_platform

    opened = open_platform(run)
    keys = read_keys(opened.keys_file)
    report, plan = plan_platform(opened.loaded, read_lock(opened), catalog(), keys)
    if plan is not None and plan.cluster is not None:
        _rendered(run, plan, report, kubernetes or plan.cluster.kubernetes, fail_on)
        return
    run.emitter.result(report, VALIDATION)
    warned = any(finding.severity.value == FailOn.WARNING.value for finding in report.findings)
    _leave(bool(report.errors), warned, fail_on)


def _rendered(
    run: Run, plan: "Plan", planned: "ValidationReport", kubernetes: str, fail_on: FailOn
) -> None:
    """What the platform renders to, in memory."""
    from llmplat.cli.wiring import catalog
    from llmplat.output.manifests_view import MANIFESTS
    from llmplat.render.tree import MARKER, make_tree
    from llmplat.validate.manifests import check_manifests

    files = [file for file in make_tree(plan, catalog()).files if file.path != MARKER]
    found = check_manifests(planned.file, files, kubernetes)
    report = replace(found, findings=(*planned.findings, *found.findings))
    run.emitter.result(report, MANIFESTS)
    _leave(bool(report.errors), bool(report.warnings), fail_on)


def _leave(has_errors: bool, has_warnings: bool, fail_on: FailOn) -> None:
    from llmplat.domain.errors import ExitCode

    if has_errors or (has_warnings and fail_on is FailOn.WARNING):
        raise typer.Exit(ExitCode.FINDINGS)
