"""A platform on a cluster -> which of its controls hold: looked up, tried against the API server, asked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from llmplat.domain.cluster import Cluster
from llmplat.domain.errors import Finding
from llmplat.domain.ports import Ask
from llmplat.observe.cluster_attacks import try_attacks
from llmplat.observe.cluster_controls import look_up
from llmplat.observe.cluster_gateway import ask_gateway
from llmplat.plan.plan import Plan


class Verdict(StrEnum):
    """How one control came out."""

    HELD = "held"
    BROKEN = "broken"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class ClusterCheck:
    """One control of the platform."""

    group: str
    name: str
    verdict: Verdict
    seen: str
    """What was found, or why it could not be tried."""


@dataclass(frozen=True)
class ClusterVerifyReport:
    """Every control, tried or not."""

    platform: str
    checks: tuple[ClusterCheck, ...]

    @property
    def broken(self) -> tuple[ClusterCheck, ...]:
        """Those that do not hold."""
        return tuple(one for one in self.checks if one.verdict is Verdict.BROKEN)

    @property
    def not_run(self) -> tuple[ClusterCheck, ...]:
        """Those that could not be tried."""
        return tuple(one for one in self.checks if one.verdict is Verdict.NOT_RUN)


Seen = tuple[str, str, bool | None, str]
"""Group, name, held (None: not run), what was seen."""


def verify_cluster(cluster: Cluster, plan: Plan, ask: Ask) -> ClusterVerifyReport:
    """Try everything that can be tried from outside; changes nothing that stays.

    Raises ClusterUnreachableError, ClusterRefusedError.
    """
    sources: tuple[Callable[[], Iterator[Seen]], ...] = (
        lambda: look_up(cluster, plan),
        lambda: try_attacks(cluster, plan),
        lambda: ask_gateway(cluster, plan, ask),
    )
    checks = tuple(_check(seen) for source in sources for seen in source())
    return ClusterVerifyReport(plan.platform, checks)


def quick_findings(cluster: Cluster, plan: Plan) -> tuple[Finding, ...]:
    """Controls that do not hold, without asking the gateway; nothing when all do."""
    seen = (*look_up(cluster, plan), *try_attacks(cluster, plan))
    return tuple(
        Finding(
            "check-failed",
            f"The control {one.name!r} does not hold.",
            one.seen,
            ("llmplat verify",),
        )  # fmt: skip
        for one in map(_check, seen)
        if one.verdict is Verdict.BROKEN
    )


def _check(seen: Seen) -> ClusterCheck:
    group, name, held, told = seen
    verdict = Verdict.NOT_RUN if held is None else Verdict.HELD if held else Verdict.BROKEN
    return ClusterCheck(group, name, verdict, told)
