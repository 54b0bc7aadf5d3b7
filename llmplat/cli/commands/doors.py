"""`llmplat doors`: what was left out on purpose, and whether its time has come."""

from typing import TYPE_CHECKING, Annotated

import typer

from llmplat.cli.run import current

if TYPE_CHECKING:
    from llmplat.catalog.doors import DoorFacts
    from llmplat.cli.run import Run
    from llmplat.cli.wiring import Opened
    from llmplat.render.tree_diff import TreeDiffReport


def command(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="One door, and what opening it would change.")
    ] = None,
    prometheus: Annotated[
        str | None,
        typer.Option("--prometheus", metavar="URL", help="Prometheus of the running platform."),
    ] = None,
) -> None:
    r"""Show what was left out, and whether its time has come.

    Each door is a part that was left out on purpose, with a trigger that says when it is worth
    having. With --prometheus the platform's own metrics tell which triggers are met; for a
    platform on this machine its gateway is asked. With NAME it also renders the platform with and
    without the part and shows the difference, object by object. Changes nothing.

    \b
    Examples:
      # every door
      llmplat doors
      # asked of a running cluster
      kubectl -n monitoring port-forward svc/kube-prometheus-stack-prometheus 9090:9090
      llmplat doors --prometheus http://127.0.0.1:9090
      # what opening one would change
      llmplat doors capsule -f platform.yaml
    """
    from llmplat.cli import wiring, wiring_doors
    from llmplat.observe.doors import judge_doors
    from llmplat.output.doors_view import DOOR, DOORS, OpenedDoor

    run = current(ctx)
    opened = wiring.open_platform(run)
    doors = wiring_doors.choose(name)
    metrics = wiring_doors.metrics(run, opened, prometheus)
    report = judge_doors(doors, metrics, wiring_doors.running(opened))
    if name is None:
        run.emitter.result(report, DOORS)
        return
    changes = _changes(run, opened, doors[0])
    run.emitter.result(OpenedDoor(report.doors[0], changes), DOOR)


def _changes(run: "Run", opened: "Opened", door: "DoorFacts") -> "TreeDiffReport | None":
    """The rendered tree with the door open against the one without; None where nothing opens it."""
    from llmplat.cli import wiring
    from llmplat.plan.doors import lock_charts, open_door
    from llmplat.plan.make import make_plan
    from llmplat.render.tree import MARKER, make_tree
    from llmplat.render.tree_diff import diff_trees

    if not door.switch:
        return None
    if opened.loaded.platform.substrate.local is not None:
        run.emitter.note("a door opens in a cluster only; this platform runs on this machine")
        return None
    catalog = wiring.catalog()
    lock = lock_charts(wiring.read_lock(opened), catalog)
    keys = wiring.read_keys(opened.keys_file)
    trees = [
        make_tree(make_plan(loaded.platform, lock, catalog, keys=keys), catalog)
        for loaded in (opened.loaded, open_door(door, opened.loaded))
    ]
    before, after = ([f for f in tree.files if f.path != MARKER] for tree in trees)
    return diff_trees(door.name, before, after)
