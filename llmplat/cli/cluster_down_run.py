"""`down` of a cluster: shown, agreed to by the platform's name, then removed, then told."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmplat.cli.run import Run
from llmplat.domain.errors import InputError

if TYPE_CHECKING:
    from llmplat.apply.down_cluster import DownClusterReport
    from llmplat.cli.wiring import Opened


@dataclass(frozen=True)
class ClusterDownFlags:
    """The flags of `down` that mean something on a cluster."""

    is_dry_run: bool = False
    is_yes: bool = False
    is_purge: bool = False
    delete_volumes: frozenset[str] = frozenset()
    """As NAMESPACE/NAME."""
    context: str | None = None
    timeout_s: float = 600.0
    """Of each step."""


def run_cluster_down(run: Run, opened: "Opened", flags: ClusterDownFlags) -> None:
    """Remove the opened platform from its cluster, or show what that would do."""
    from dataclasses import replace

    from llmplat.apply.down_cluster import DownClusterWish
    from llmplat.cli import wiring_live
    from llmplat.output.down_cluster_view import VIEW

    _check_names(flags.delete_volumes)
    wish = DownClusterWish(opened.name, flags.delete_volumes, flags.is_purge, is_dry_run=True)
    remove = wiring_live.removing(run, opened, flags.context, flags.timeout_s)
    preview = remove(wish)
    if flags.is_dry_run:
        run.emitter.result(preview, VIEW)
        return
    if preview.removed:
        _confirm(run, preview, is_yes=flags.is_yes)
    report = remove(replace(wish, is_dry_run=False))
    run.emitter.result(report, VIEW)


def _check_names(volumes: frozenset[str]) -> None:
    for name in sorted(volumes):
        if len([part for part in name.split("/") if part]) != 2:
            raise InputError(
                f"{name!r} names no volume.",
                "a volume is named with its namespace",
                ("llmplat down --delete-volume NAMESPACE/NAME", "llmplat down --dry-run"),
            )


def _confirm(run: Run, preview: "DownClusterReport", *, is_yes: bool) -> None:
    """Raises InputError unless the platform's name is typed, or --yes stands for it."""
    place = f"the cluster {preview.cluster.context} at {preview.cluster.server}"
    data = [one.what for one in preview.removed if one.step == "volumes"]
    lost = f", with the data of {', '.join(data)}" if data else ""
    told = f"this removes the platform {preview.platform} from {place}{lost}"
    run.emitter.warn(told)
    if is_yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(
            f"Nothing was removed from {place}.",
            "there is no terminal to ask on",
            ("llmplat down --dry-run", "llmplat down --yes"),
        )
    sys.stderr.write(f"Type the platform's name ({preview.platform}) to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != preview.platform:
        raise InputError(
            "The name typed is not the platform's.", "nothing was removed", ("llmplat down",)
        )
