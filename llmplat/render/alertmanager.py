"""Who is told -> Alertmanager's configuration: routes, what silences what, and what a message says.

Keys as Alertmanager spells them: https://prometheus.io/docs/alerting/latest/configuration/ (0.34).
Every key that the chart sets by default is set here too, so nothing of its own shines through.
"""

from typing import Any

from llmplat.plan.cluster.alerting import PAGERDUTY, Alerting
from llmplat.plan.cluster.secrets import VALUE
from llmplat.spec.surroundings import AlertReceiver

RECEIVER, HEARTBEAT, NOBODY = "receiver", "heartbeat", "nobody"
SECRETS = "/etc/alertmanager/secrets"
"""Where Prometheus Operator mounts what `alertmanagerSpec.secrets` names."""
_SAME_THING = ("alertname", "namespace", "model", "tenant", "app")
"""Alerts that differ in none of these are about one thing; absent in both counts as equal."""
_LABELS = "{{ range .Labels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}"
_TITLE = (
    "{{ .Status | toUpper }}: {{ .CommonLabels.alertname }}"
    "{{ with .CommonLabels.model }} {{ . }}{{ end }}"
    "{{ with .CommonLabels.tenant }} {{ . }}{{ end }}"
    "{{ with .CommonLabels.severity }} ({{ . }}){{ end }}"
)
_TEXT = (
    "{{ range .Alerts }}{{ .Status | toUpper }}: "
    "{{ with .Annotations.summary }}{{ . }}{{ else }}{{ .Annotations.description }}{{ end }}\n"
    "{{ with .Annotations.runbook_url }}Runbook: {{ . }}\n{{ end }}"
    f"{_LABELS}\n{{{{ end }}}}"
)


def make_alertmanager(alerting: Alerting | None) -> dict[str, Any] | None:
    """The whole configuration without any secret's value; None where nobody is told."""
    if alerting is None:
        return None
    receivers = [{"name": NOBODY}, {"name": RECEIVER, **_people(alerting.receiver)}]
    if alerting.receiver.heartbeat_secret is not None:
        receivers.append({"name": HEARTBEAT, **_heartbeat(alerting.receiver.heartbeat_secret)})
    return {
        "global": {"resolve_timeout": "5m"},
        "route": _route(has_heartbeat=alerting.receiver.heartbeat_secret is not None),
        "inhibit_rules": _inhibitions(),
        "receivers": receivers,
        "templates": [],
    }


def _route(*, has_heartbeat: bool) -> dict[str, Any]:
    """All that is critical, a warning or says nothing of itself goes to the one receiver."""
    watchdog: dict[str, Any] = {"matchers": ['alertname = "Watchdog"'], "receiver": NOBODY}
    if has_heartbeat:
        often = {"group_wait": "0s", "group_interval": "1m", "repeat_interval": "4m"}
        watchdog |= {"receiver": HEARTBEAT, **often}
    return {
        "receiver": RECEIVER,
        "group_by": ["alertname", "namespace", "model", "severity"],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "12h",
        "routes": [
            watchdog,
            {"matchers": ['severity =~ "info|none"'], "receiver": NOBODY},
            {"matchers": ['severity = "critical"'], "receiver": RECEIVER, "repeat_interval": "4h"},
        ],
    }


def _inhibitions() -> list[dict[str, Any]]:
    """A model that is down or burns is told once, not once more by each of its warnings."""
    return [
        {
            "source_matchers": ['severity = "critical"', 'model != ""'],
            "target_matchers": ['severity = "warning"', 'model != ""'],
            "equal": ["model"],
        },
        {
            "source_matchers": ['severity = "critical"'],
            "target_matchers": ['severity = "warning"'],
            "equal": list(_SAME_THING),
        },
    ]


def _people(receiver: AlertReceiver) -> dict[str, Any]:
    return {
        "webhook": _webhook,
        "slack": _slack,
        "pagerduty": _pagerduty,
        "email": _email,
    }[receiver.kind](receiver)


def _file(secret: str | None) -> str:
    return f"{SECRETS}/{secret}/{VALUE}"


def _webhook(receiver: AlertReceiver) -> dict[str, Any]:
    """Alertmanager's own JSON (version 4), with every label and annotation."""
    return {"webhook_configs": [{"url_file": _file(receiver.secret), "send_resolved": True}]}


def _heartbeat(secret: str) -> dict[str, Any]:
    return {"webhook_configs": [{"url_file": _file(secret), "send_resolved": False}]}


def _slack(receiver: AlertReceiver) -> dict[str, Any]:
    config = {
        "api_url_file": _file(receiver.secret),
        "send_resolved": True,
        "title": _TITLE,
        "title_link": "{{ .CommonAnnotations.runbook_url }}",
        "text": _TEXT,
        "fallback": _TITLE,
    }
    channel = {"channel": receiver.target} if receiver.target else {}
    return {"slack_configs": [{**config, **channel}]}


def _pagerduty(receiver: AlertReceiver) -> dict[str, Any]:
    """Its severities have the same names, so urgency by severity is for the service there to decide."""
    severity = (
        '{{ if eq .CommonLabels.severity "critical" }}critical'
        '{{ else if eq .CommonLabels.severity "warning" }}warning{{ else }}error{{ end }}'
    )
    config = {
        "routing_key_file": _file(receiver.secret),
        "url": receiver.target or PAGERDUTY,
        "send_resolved": True,
        "description": _TITLE,
        "severity": severity,
        "class": "{{ .CommonLabels.alertname }}",
        "component": "{{ .CommonLabels.model }}",
        "group": "{{ .CommonLabels.namespace }}",
        "details": {
            "alerts": _TEXT,
            "model": "{{ .CommonLabels.model }}",
            "tenant": "{{ .CommonLabels.tenant }}",
            "runbook": "{{ .CommonAnnotations.runbook_url }}",
        },
        "links": [{"href": "{{ .CommonAnnotations.runbook_url }}", "text": "Runbook"}],
    }
    return {"pagerduty_configs": [config]}


def _email(receiver: AlertReceiver) -> dict[str, Any]:
    """Plain text: links that a mail program shows as they are. Never without TLS."""
    smtp = receiver.smtp
    if smtp is None:
        msg = "mail without a server is refused when the file is read"
        raise AssertionError(msg)
    config: dict[str, Any] = {
        "to": receiver.target,
        "from": smtp.sender,
        "smarthost": smtp.server,
        "require_tls": True,
        "send_resolved": True,
        "headers": {"Subject": _TITLE},
        "html": "",
        "text": _TEXT,
    }
    if receiver.secret is not None:
        config["auth_username"] = smtp.username or smtp.sender
        config["auth_password_file"] = _file(receiver.secret)
    return {"email_configs": [config]}
