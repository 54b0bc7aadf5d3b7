"""Who is told of alerts: the file's receiver, and the secrets that Alertmanager reads as files."""

from dataclasses import dataclass

from llmplat.plan.cluster.ground import Ground
from llmplat.plan.cluster.observability import NAMESPACE
from llmplat.plan.cluster.secrets import PlannedSecret, make_secret
from llmplat.spec.surroundings import AlertReceiver

STACK = "kube-prometheus-stack"
"""Component that Alertmanager is part of."""
PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
"""Events API v2 of the United States' region, which is where accounts are unless told otherwise."""


@dataclass(frozen=True)
class Alerting:
    """The receiver, and what it shows there."""

    receiver: AlertReceiver
    secrets: tuple[PlannedSecret, ...]

    @property
    def mounted(self) -> tuple[str, ...]:
        """Names of the secrets that Alertmanager's pods mount."""
        return tuple(secret.name for secret in self.secrets)


def make_alerting(ground: Ground) -> Alerting | None:
    """None where the file names no receiver, or nothing here could tell it anything."""
    given = ground.platform.alert_receiver
    if given is None or not ground.runs(STACK):
        return None
    names = dict.fromkeys(name for name in (given.secret, given.heartbeat_secret) if name)
    return Alerting(given, tuple(make_secret(ground, name, NAMESPACE, STACK) for name in names))


def addresses_of(receiver: AlertReceiver | None) -> tuple[str, ...]:
    """Addresses outside that the file itself names; those inside secrets nobody knows."""
    if receiver is None:
        return ()
    if receiver.kind == "pagerduty":
        return (receiver.target or PAGERDUTY,)
    return (receiver.smtp.server,) if receiver.smtp is not None else ()
