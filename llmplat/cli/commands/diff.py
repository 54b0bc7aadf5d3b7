"""`llmplat diff`: what `up` would change."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmplat.cli.run import current

if TYPE_CHECKING:
    from llmplat.cli.run import Run
    from llmplat.cli.wiring import Opened
    from llmplat.render.tree import Tree

ROOT_FILE = "root/root.yaml"


def command(
    ctx: typer.Context,
    tree: Annotated[
        Path | None,
        typer.Option("--tree", metavar="DIR", help="Compare with a folder of manifests."),
    ] = None,
    pushed: Annotated[
        bool, typer.Option("--pushed", help="Compare with the manifests that were last pushed.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Compare with the cluster itself, and with the cloud.")
    ] = False,
    context: Annotated[
        str | None,
        typer.Option("--context", metavar="NAME", help="Another context than the file's."),
    ] = None,
) -> None:
    r"""Show what applying would change.

    Plans the platform and compares the plan with what the last `up` left on this machine:
    services that would be started, replaced or removed, and files that would be rewritten.
    With --tree it renders a cluster's platform and compares it, object by object, with a folder
    of manifests, with --pushed with what was last pushed. With --live it asks the cluster what applying would
    change there (defaults do not show), lists what it holds beyond the tree and Applications that
    are not in sync, and compares the cloud. Exits 0 when nothing differs, 8 when something does.
    Changes nothing.

    \b
    Examples:
      # before applying
      llmplat diff -f platform.yaml
      # what a change of the file does to the manifests in git
      llmplat diff --tree manifests
      # what somebody changed in the cluster
      llmplat diff --live
      # as a gate in CI
      llmplat diff -o json || test $? -eq 8
    """
    from llmplat.apply.diff import make_diff
    from llmplat.cli import wiring, wiring_local
    from llmplat.domain.errors import ExitCode
    from llmplat.output.diff_view import DIFF
    from llmplat.plan.make import make_plan

    run = current(ctx)
    if live or pushed or tree is not None:
        _in_a_cluster(run, _Against(tree, live, context))
        return
    opened = wiring.open_platform(run)
    platform, lock = opened.loaded.platform, wiring.read_lock(opened)
    plan = make_plan(platform, lock, wiring.catalog(), is_unfit_accepted=True)
    report = make_diff(plan, wiring_local.running_parts(opened))
    run.emitter.result(report, DIFF)
    if report.changes:
        raise typer.Exit(ExitCode.CHANGES)


@dataclass(frozen=True)
class _Against:
    """What a cluster's platform is compared with: a folder, the cluster, else what was pushed."""

    folder: Path | None
    is_live: bool
    context: str | None


def _in_a_cluster(run: "Run", against: _Against) -> None:
    from llmplat.cli import wiring, wiring_tree
    from llmplat.domain.errors import ExitCode
    from llmplat.render.tree import make_tree

    opened = wiring.open_platform(run)
    tree = make_tree(wiring_tree.cluster_plan(opened), wiring.catalog())
    compare = _with_cluster if against.is_live else _with_tree
    if not compare(run, opened, tree, against):
        raise typer.Exit(ExitCode.CHANGES)


def _with_cluster(run: "Run", opened: "Opened", tree: "Tree", against: _Against) -> bool:
    from llmplat.cli import wiring_live
    from llmplat.output.live_diff_view import LIVE_DIFF

    report = wiring_live.live_diff(run, opened, tree, against.context)
    run.emitter.result(report, LIVE_DIFF)
    return report.is_same


def _with_tree(run: "Run", opened: "Opened", tree: "Tree", against: _Against) -> bool:
    from llmplat.cli import wiring_live, wiring_tree
    from llmplat.output.tree_diff_view import TREE_DIFF
    from llmplat.render.tree_diff import diff_trees

    files = tree.files
    if against.folder is not None:
        name, before = str(against.folder), wiring_tree.read_tree(against.folder)
    else:
        name, before = wiring_live.pushed_tree(run, opened, against.context)
        # The root itself is applied, not pushed: it names the digest of what was.
        before = tuple(file for file in before if file.path != ROOT_FILE)
        files = tuple(file for file in files if file.path != ROOT_FILE)
    report = diff_trees(name, before, files)
    run.emitter.result(report, TREE_DIFF)
    return not report.changes
