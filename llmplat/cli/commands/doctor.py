"""`llmplat doctor`: what this machine has and lacks for the platform."""

import typer

from llmplat.cli.run import current
from llmplat.domain.errors import ExitCode


def command(ctx: typer.Context) -> None:
    r"""Check this machine, each gap with its fix.

    Looks at Python, processor, GPU, memory, disk, ports, uv, Redis, the package index and the
    model hub; starts and changes nothing. A machine that cannot reach the hub is fine with the
    bundled demo model. For a platform on a cluster it looks at the cluster: version, permissions,
    who owns which kinds, Argo CD, storage, network policies, GPUs and secrets. For a platform on
    GKE it looks at the project: APIs, billing, permissions, quotas against the largest the pools
    may become, zones, versions and names.

    \b
    Exit codes:
      0  nothing needed is missing
      5  something needed is missing
    """
    from llmplat.cli import wiring_checks
    from llmplat.observe.doctor import examine
    from llmplat.output import doctor_view

    run = current(ctx)
    with run.emitter.step("Look at this machine"):
        report = examine(wiring_checks.machine_probe(run).look(), wiring_checks.wishes(run))
    run.emitter.result(report, doctor_view.DOCTOR)
    if not report.is_ready:
        raise typer.Exit(ExitCode.NOT_READY)
