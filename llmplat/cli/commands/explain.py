"""`llmplat explain`: why something is there, which line decided it, and as what."""

from typing import Annotated

import typer

from llmplat.cli.run import current


def command(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A component or a model.")],
) -> None:
    r"""Tell why a component or model is there, and as what.

    Of a component: why it runs or does not, the line of the file that decided it, its
    Applications with their waves, and the values its chart gets in the end. Of a model: the whole
    chain from the file through lock, memory, engine, queue and pods to pool, route, gateway and
    tenants. Reads the platform file, its lock and the catalogue, nothing else.

    \b
    Examples:
      # why KEDA is there, and with which values
      llmplat explain keda
      # one model from the file to its pods
      llmplat explain qwen -o json
    """
    from llmplat.cli import wiring
    from llmplat.output.explain_view import COMPONENT, MODEL
    from llmplat.plan.make import make_plan
    from llmplat.render.explain import explain
    from llmplat.render.explain_model import ModelExplanation

    run = current(ctx)
    opened = wiring.open_platform(run)
    keys, lock = wiring.read_keys(opened.keys_file), wiring.read_lock(opened)
    plan = make_plan(opened.loaded.platform, lock, wiring.catalog(), keys=keys)
    told = explain(name, opened.loaded, plan, wiring.catalog())
    if isinstance(told, ModelExplanation):
        run.emitter.result(told, MODEL)
    else:
        run.emitter.result(told, COMPONENT)
