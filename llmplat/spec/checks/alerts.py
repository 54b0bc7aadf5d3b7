"""A receiver of alerts that could never be told anything: found at night, when it is too late."""

from collections.abc import Iterator

from llmplat.domain.errors import Finding
from llmplat.spec.checks.places import conflict
from llmplat.spec.platform import Platform
from llmplat.spec.surroundings import AlertReceiver
from llmplat.spec.tree import Path, Tree

_AT: Path = ("alertReceiver",)
_SECRET_IS = {
    "webhook": "the address that alerts are posted to",
    "slack": "the address of Slack's incoming webhook",
    "pagerduty": "the routing key of a PagerDuty service (Events API v2)",
}
"""Kind -> what its secret holds; e-mail may do without one."""
_STACK = "kube-prometheus-stack"


def check_alert_receiver(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """Findings about who is told; a cluster's only."""
    given = platform.alert_receiver
    if given is None or platform.substrate.local is not None:
        return
    yield from _stack(platform, tree)
    yield from _secrets(given, tree)
    yield from _target(given, tree)
    yield from _smtp(given, tree)


def _stack(platform: Platform, tree: Tree) -> Iterator[Finding]:
    stack = platform.components.get(_STACK)
    if stack is not None and not stack.enabled:
        yield conflict(
            tree,
            f"alertReceiver without {_STACK}",
            "Alertmanager, which tells receivers, is part of that component, and it is turned off",
            f"components: {{{_STACK}: {{enabled: true}}}}, or no alertReceiver",
            _AT,
            ("components", _STACK, "enabled"),
        )


def _secrets(given: AlertReceiver, tree: Tree) -> Iterator[Finding]:
    kind = given.kind
    if given.secret is None and kind in _SECRET_IS:
        yield conflict(
            tree,
            f"alertReceiver of kind {kind} names no secret",
            f"its secret holds {_SECRET_IS[kind]}, which whoever knows it can use",
            f"secret: alerts-{kind} (a name), then `llmplat secrets seed alerts-{kind} --stdin`",
            (*_AT, "secret"),
            (*_AT, "kind"),
        )
    if given.secret is not None and given.secret == given.heartbeat_secret:
        yield conflict(
            tree,
            f"secret and heartbeatSecret are both {given.secret}",
            "whoever takes the alerts would be told every five minutes that there are none",
            "heartbeatSecret: alerts-heartbeat, with the address of a service that waits for calls",
            (*_AT, "heartbeatSecret"),
            (*_AT, "secret"),
        )


def _target(given: AlertReceiver, tree: Tree) -> Iterator[Finding]:
    """The text itself is not repeated: it may be a secret in the wrong place."""
    wrong = {
        "webhook": _webhook_target,
        "slack": _slack_target,
        "pagerduty": _pagerduty_target,
        "email": _email_target,
    }[given.kind](given.target)
    if wrong is not None:
        what, why, fix = wrong
        yield conflict(tree, what, why, fix, (*_AT, "target"), (*_AT, "kind"))


def _webhook_target(target: str | None) -> tuple[str, str, str] | None:
    if target is None:
        return None
    return (
        "alertReceiver of kind webhook has a target",
        "its address is a secret: whoever knows it can post alerts of his own",
        "take target out; the address goes to `llmplat secrets seed NAME --stdin`",
    )


def _slack_target(target: str | None) -> tuple[str, str, str] | None:
    if target is None or "/" not in target:
        return None
    return (
        "the target of alertReceiver is an address, and Slack's is a secret",
        "whoever knows the address of an incoming webhook can write to the channel",
        'target: "#alerts"; the address goes to `llmplat secrets seed NAME --stdin`',
    )


def _pagerduty_target(target: str | None) -> tuple[str, str, str] | None:
    if target is None or target.startswith("https://"):
        return None
    return (
        "the target of alertReceiver is no https address",
        "with pagerduty it is the events API of the account's region; the routing key is the secret",
        "no target, or target: https://events.eu.pagerduty.com/v2/enqueue",
    )


def _email_target(target: str | None) -> tuple[str, str, str] | None:
    name, at, host = (target or "").partition("@")
    if name and at and host and not set(target or "") & set(" ,;<>"):
        return None
    return (
        "alertReceiver of kind email has no address as its target",
        "mail goes to one address; a list of people is the mail server's to keep",
        "target: oncall@example.com",
    )


def _smtp(given: AlertReceiver, tree: Tree) -> Iterator[Finding]:
    if given.kind == "email" and given.smtp is None:
        yield conflict(
            tree,
            "alertReceiver of kind email names no mail server",
            "mail needs a server that takes it and an address that it comes from",
            'smtp: {server: "smtp.example.com:587", sender: llmplat@example.com}',
            (*_AT, "smtp"),
            (*_AT, "kind"),
        )
    if given.kind != "email" and given.smtp is not None:
        yield conflict(
            tree,
            f"alertReceiver of kind {given.kind} has a mail server",
            "nothing is sent by mail",
            "take smtp out, or kind: email",
            (*_AT, "smtp"),
            (*_AT, "kind"),
        )
    if given.smtp is not None and given.smtp.username is not None and given.secret is None:
        yield conflict(
            tree,
            "smtp.username without a secret",
            "an account at a mail server has a password",
            "secret: smtp-password (a name), then `llmplat secrets seed smtp-password --stdin`",
            (*_AT, "secret"),
            (*_AT, "smtp", "username"),
        )
