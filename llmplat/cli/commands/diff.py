"""`llmplat diff`: what `up` would change."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmplat.cli.run import current

if TYPE_CHECKING:
    from llmplat.cli.run import Run


def command(
    ctx: typer.Context,
    tree: Annotated[
        Path | None,
        typer.Option("--tree", metavar="DIR", help="Compare with a folder of manifests."),
    ] = None,
) -> None:
    r"""Show what applying would change.

    Plans the platform and compares the plan with what the last `up` left on this machine:
    services that would be started, replaced or removed, and files that would be rewritten.
    With --tree it renders a cluster's platform and compares it with a folder of manifests, object
    by object. Exits 0 when nothing would change, 8 when something would. Changes nothing.

    \b
    Examples:
      # before applying
      llmplat diff -f platform.yaml
      # what a change of the file does to the manifests in git
      llmplat diff --tree manifests
      # as a gate in CI
      llmplat diff -o json || test $? -eq 8
    """
    from llmplat.apply.diff import make_diff
    from llmplat.cli import wiring
    from llmplat.domain.errors import ExitCode
    from llmplat.output.diff_view import DIFF
    from llmplat.plan.make import make_plan

    run = current(ctx)
    if tree is not None:
        _with_tree(run, tree)
        return
    opened = wiring.open_platform(run)
    platform, lock = opened.loaded.platform, wiring.read_lock(opened)
    plan = make_plan(platform, lock, wiring.catalog(), is_unfit_accepted=True)
    report = make_diff(plan, wiring.running_parts(opened))
    run.emitter.result(report, DIFF)
    if report.changes:
        raise typer.Exit(ExitCode.CHANGES)


def _with_tree(run: "Run", folder: Path) -> None:
    from llmplat.cli import wiring, wiring_tree
    from llmplat.domain.errors import ExitCode
    from llmplat.output.tree_diff_view import TREE_DIFF
    from llmplat.render.tree import make_tree
    from llmplat.render.tree_diff import diff_trees

    plan = wiring_tree.cluster_plan(wiring.open_platform(run))
    before = wiring_tree.read_tree(folder)
    report = diff_trees(str(folder), before, make_tree(plan, wiring.catalog()).files)
    run.emitter.result(report, TREE_DIFF)
    if report.changes:
        raise typer.Exit(ExitCode.CHANGES)
