"""`llmplat render`: the manifests of a cluster's platform."""

from pathlib import Path
from typing import Annotated

import typer

from llmplat.cli.run import current


def command(
    ctx: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write a folder, all of it or nothing."),
    ] = None,
    argocd_settings: Annotated[
        bool,
        typer.Option(
            "--argocd-settings", help="Only the settings that an Argo CD of yours must have."
        ),
    ] = False,
) -> None:
    r"""Render the manifests of a platform on a cluster.

    Plans the platform and spells the plan as Kubernetes and Argo CD objects: a root Application,
    a project for each layer, an Application for each component and model, and the objects of each.
    Without --out they are one YAML stream in the order in which they are applied. With --out the
    folder is replaced as a whole; one that llmplat did not write, or that was changed by hand
    since, is refused. The same file, lock and keys give the same bytes. Reaches no cluster.

    \b
    Examples:
      # a folder for git
      llmplat render -f platform.yaml --out manifests
      # what the cluster would say to it
      llmplat render -f platform.yaml | kubectl diff --server-side -f -
      # an Argo CD that is there already made fit for our waves
      llmplat render --argocd-settings | kubectl apply --server-side -f -
    """
    from llmplat.cli import wiring, wiring_tree
    from llmplat.output.render_view import TREE, WRITTEN, Written, stream
    from llmplat.output.settings import Format
    from llmplat.render.argocd import make_settings
    from llmplat.render.dump import dump_yaml
    from llmplat.render.tree import MARKER, make_tree

    run = current(ctx)
    if argocd_settings:
        run.emitter.answer(dump_yaml(make_settings()))
        return
    opened = wiring.open_platform(run)
    tree = make_tree(wiring_tree.cluster_plan(opened), wiring.catalog())
    if out is None and run.emitter.format is Format.JSON:
        run.emitter.result(tree, TREE)
        return
    if out is None:
        run.emitter.answer(stream(tree))
        return
    is_changed = wiring_tree.write_tree(out, tree.files, MARKER)
    run.emitter.result(Written(str(out), is_changed, tree), WRITTEN)
