"""A receiver that could never be told is refused while reading, at its place, with what to write."""

import pytest

from llmplat.domain.errors import SpecError
from llmplat.spec.load import parse_platform

HEAD = """apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: demo
substrate: {cluster: {context: c, kubernetes: "1.35"}}
gitops: {oci: {repository: r.example.com/p}}
models: [{name: a, source: "hf://a/b@main"}]
"""
SMTP = 'smtp: {server: "smtp.example.com:587", sender: llmplat@example.com}'
HOOK = "https://hooks.slack.com/services/T0/B0/hunter2"


def findings(receiver: str, more: str = "", head: str = HEAD):
    try:
        return parse_platform(f"{head}alertReceiver: {{{receiver}}}\n{more}", "p").warnings
    except SpecError as error:
        return error.findings


@pytest.mark.parametrize(
    "receiver",
    [
        "kind: webhook, secret: hook",
        "kind: webhook, secret: hook, heartbeatSecret: beat",
        "kind: slack, secret: hook",
        "kind: slack, secret: hook, target: '#alerts'",
        "kind: pagerduty, secret: key",
        "kind: pagerduty, secret: key, target: https://events.eu.pagerduty.com/v2/enqueue",
        f"kind: email, target: oncall@example.com, {SMTP}",
        f"kind: email, target: oncall@example.com, secret: password, {SMTP}",
    ],
)
def test_what_works_is_not_refused(receiver: str) -> None:
    assert findings(receiver) == ()


@pytest.mark.parametrize(
    ("receiver", "what", "column"),
    [
        ("kind: webhook", "alertReceiver of kind webhook names no secret", 1),
        ("kind: slack, target: '#a'", "alertReceiver of kind slack names no secret", 1),
        ("kind: pagerduty", "alertReceiver of kind pagerduty names no secret", 1),
        (
            f"kind: webhook, secret: s, target: '{HOOK}'",
            "alertReceiver of kind webhook has a target", 43,
        ),
        (
            f"kind: slack, secret: s, target: '{HOOK}'",
            "the target of alertReceiver is an address, and Slack's is a secret", 41,
        ),
        (
            "kind: pagerduty, secret: s, target: http://events.example.com",
            "the target of alertReceiver is no https address", 45,
        ),
        (
            f"kind: email, {SMTP}",
            "alertReceiver of kind email has no address as its target", 1,
        ),
        (
            f"kind: email, target: oncall, {SMTP}",
            "alertReceiver of kind email has no address as its target", 30,
        ),
        (
            f"kind: email, target: 'a@b.c, d@e.f', {SMTP}",
            "alertReceiver of kind email has no address as its target", 30,
        ),
        (
            "kind: email, target: oncall@example.com",
            "alertReceiver of kind email names no mail server", 1,
        ),
        (
            f"kind: slack, secret: s, {SMTP}",
            "alertReceiver of kind slack has a mail server", 41,
        ),
        (
            "kind: email, target: o@x.com, smtp: {server: 'h:25', sender: l@x.com, username: u}",
            "smtp.username without a secret", 1,
        ),
        (
            "kind: webhook, secret: s, heartbeatSecret: s",
            "secret and heartbeatSecret are both s", 43,
        ),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_at_its_place(receiver: str, what: str, column: int) -> None:
    (found,) = findings(receiver)
    assert found.what == what
    assert found.why
    assert found.fix
    assert found.where is not None
    assert (found.where.line, found.where.column) == (7, column)


def test_a_secret_in_the_wrong_place_is_not_repeated() -> None:
    for kind in ("slack", "webhook"):
        (found,) = findings(f"kind: {kind}, secret: s, target: '{HOOK}'")
        assert "hunter2" not in str((found.what, found.why, found.fix))


@pytest.mark.parametrize(
    ("smtp", "said"),
    [
        ("{server: smtp.example.com, sender: l@x.com}", "host:port such as smtp.example.com:587"),
        ("{server: 'h:25', sender: nobody}", "an e-mail address such as oncall@example.com"),
        ("{sender: l@x.com}", "alertReceiver.smtp.server"),
    ],
)
def test_a_mail_server_needs_its_port_and_a_sender(smtp: str, said: str) -> None:
    found = findings(f"kind: email, target: o@x.com, smtp: {smtp}")
    assert any(said in f"{one.what} {one.why} {one.fix}" for one in found)


def test_without_alertmanager_there_is_nobody_who_could_tell() -> None:
    off = "components: {kube-prometheus-stack: {enabled: false}}\n"
    (found,) = findings("kind: webhook, secret: s", off)
    assert found.what == "alertReceiver without kube-prometheus-stack"
    assert [place.line for place in found.also] == [8]


def test_on_this_machine_it_is_refused_with_the_reason() -> None:
    head = HEAD.replace('cluster: {context: c, kubernetes: "1.35"}', "local: {}")
    head = head.replace("gitops: {oci: {repository: r.example.com/p}}\n", "")
    (found,) = findings("kind: webhook", head=head)
    assert found.code == "spec-not-yet"
    assert found.why == "alerts need Prometheus, which runs in a cluster only"
