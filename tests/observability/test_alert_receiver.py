"""Who is told of which alert, judged by Alertmanager itself: its reader, its routes, its messages."""

import json
import os
import time
from email.message import Message
from pathlib import Path

import pytest
import yaml

from llmplat.catalog.chart_images import images_of
from llmplat.domain.places import DOCS
from llmplat.render.alertmanager import HEARTBEAT, NOBODY, RECEIVER
from llmplat.render.objects.observability import make_groups
from llmplat.render.values import merge
from tests.fakes.certificates import make_certificates
from tests.fakes.cluster_platform import catalog, plan_with
from tests.fakes.mail_server import MailServer
from tests.observability import alerting
from tests.observability.alerting import RECEIVERS, Alertmanager, Told

CHARTS = Path(os.environ.get("LLMPLAT_CHARTS", "../shared/charts"))
WATCHDOG = {"labels": {"alertname": "Watchdog", "severity": "none"}}
INFO = {"labels": {"alertname": "CPUThrottlingHigh", "severity": "info", "namespace": "keda"}}
BY_TENANT = {
    "labels": {"alertname": "LlmplatBudgetRefuses", "severity": "warning", "tenant": "team-a"},
    "annotations": {"summary": "Refused.", "runbook_url": f"{DOCS}/runbooks/budget-refuses/"},
}


def rule(name: str, model: str) -> dict[str, dict[str, str]]:
    """One alert with the labels and annotations of its rendered rule."""
    plan = plan_with(profile="llm-gateway").cluster.workloads.observability
    by_engine = "{{ $labels.model_name }}"
    for groups in make_groups(plan).values():
        for one in (one for group in groups for one in group["rules"]):
            if one.get("alert") == name and one["labels"].get("model") in {model, by_engine}:
                alert = {
                    "labels": {**one["labels"], "alertname": name},
                    "annotations": one["annotations"],
                }
                return json.loads(json.dumps(alert).replace(by_engine, model))
    raise AssertionError(name)


@pytest.mark.parametrize("with_heartbeat", [True, False], ids=["heartbeat", "no-heartbeat"])
@pytest.mark.parametrize("name", RECEIVERS)
def test_alertmanager_reads_every_configuration(name, with_heartbeat, tmp_path):
    alerting.write(tmp_path, alerting.config_of(name, with_heartbeat=with_heartbeat))
    assert "SUCCESS" in alerting.amtool("check-config", "alertmanager.yaml", folder=tmp_path)


def test_the_reader_refuses_what_is_wrong(tmp_path):
    config = alerting.config_of("webhook")
    config["route"]["receiver"] = "nobody-of-that-name"
    alerting.write(tmp_path, config)
    with pytest.raises(AssertionError, match="undefined receiver"):
        alerting.amtool("check-config", "alertmanager.yaml", folder=tmp_path)


@pytest.mark.parametrize(
    ("labels", "with_heartbeat", "receiver"),
    [
        ({"alertname": "LlmplatModelDown", "severity": "critical", "model": "a"}, True, RECEIVER),
        ({"alertname": "LlmplatRequestsWait", "severity": "warning", "model": "a"}, True, RECEIVER),
        ({"alertname": "OfSomebodyElse"}, True, RECEIVER),
        (INFO["labels"], True, NOBODY),
        ({"alertname": "InfoInhibitor", "severity": "none"}, True, NOBODY),
        (WATCHDOG["labels"], True, HEARTBEAT),
        (WATCHDOG["labels"], False, NOBODY),
    ],
)
@pytest.mark.parametrize("name", ["webhook", "slack", "pagerduty", "email"])
def test_routes(name, labels, with_heartbeat, receiver, tmp_path):
    alerting.write(tmp_path, alerting.config_of(name, with_heartbeat=with_heartbeat))
    words = [f"{key}={value}" for key, value in labels.items()]
    told = alerting.amtool(
        "config", "routes", "test", "--config.file=alertmanager.yaml", *words, folder=tmp_path
    )
    assert told.split() == [receiver]


@pytest.mark.parametrize("name", RECEIVERS)
def test_nothing_of_the_chart_s_own_configuration_shines_through(name):
    path = CHARTS / "kube-prometheus-stack" / "values.yaml"
    if not path.is_file():
        pytest.skip(f"no chart's values at {path}: set LLMPLAT_CHARTS")
    own = yaml.safe_load(path.read_text("utf-8"))["alertmanager"]["config"]
    ours = alerting.config_of(name)
    assert merge(own, ours) == ours


@pytest.mark.parametrize("name", RECEIVERS)
def test_each_file_that_is_read_is_mounted(name):
    values = yaml.safe_load(alerting.values_of(name))
    text = json.dumps(values["config"])
    mounted = values["alertmanagerSpec"]["secrets"]
    wanted = [RECEIVERS[name].get("secret"), "alerts-heartbeat"]
    assert mounted == [one for one in wanted if one]
    assert text.count("/etc/alertmanager/secrets/") == len(mounted)
    assert all(f'"/etc/alertmanager/secrets/{one}/value"' in text for one in mounted)


@pytest.mark.parametrize("name", RECEIVERS)
def test_the_operator_hands_on_what_was_rendered(name):
    """It reads the configuration into types of its own and writes it anew: nothing may get lost."""
    config = alerting.config_of(name)
    assert alerting.through_operator(config) == config


def test_the_operator_refuses_what_it_does_not_know():
    config = alerting.config_of("webhook")
    config["route"]["no_such_key"] = 1
    with pytest.raises(AssertionError, match="no_such_key"):
        alerting.through_operator(config)


def test_they_are_the_versions_that_the_chart_runs():
    images = {i.reference for i in images_of(catalog().components["kube-prometheus-stack"]) or ()}
    assert f"quay.io/prometheus/alertmanager:{alerting.VERSION[1]}" in images
    operator = f"quay.io/prometheus-operator/prometheus-operator:{alerting.OPERATOR[1]}"
    assert operator in images


@pytest.fixture
def told():
    made = Told()
    yield made
    made.close()


def ready(tmp_path: Path, told: Told, name: str, secret: str) -> dict:
    """The rendered configuration with its secrets on disk, and waits of a second."""
    folder = tmp_path / "secrets"
    alerting.put_secret(folder, RECEIVERS[name]["secret"], secret)
    alerting.put_secret(folder, "alerts-heartbeat", f"{told.url}/heartbeat")
    return alerting.impatient(alerting.config_of(name), folder)


def fire(manager: Alertmanager) -> None:
    """A model that is down first, then what follows from it, and what does not."""
    manager.send(rule("LlmplatModelDown", "assistant"), WATCHDOG)
    manager.send(
        rule("LlmplatRequestsWait", "assistant"), rule("LlmplatRequestsWait", "writer"), INFO, BY_TENANT
    )  # fmt: skip


def test_a_webhook_is_told_once_and_the_heartbeat_goes_elsewhere(tmp_path, told):
    config = ready(tmp_path, told, "webhook", f"{told.url}/hook-of-a-secret\n")
    arriving = {
        ("LlmplatModelDown", "assistant"),
        ("LlmplatRequestsWait", "writer"),
        ("LlmplatBudgetRefuses", ""),
    }
    with alerting.running(tmp_path, config) as manager:
        begun_s = time.monotonic()
        fire(manager)
        assert alerting.wait(lambda: told.alerts("/hook-of-a-secret") >= arriving), manager.log
        assert alerting.wait(lambda: bool(told.at("/heartbeat"))), manager.log
        # Silenced, not late: it has three times as long as all others needed.
        alerting.wait(lambda: False, max(4, 3 * (time.monotonic() - begun_s)))
        assert told.alerts("/hook-of-a-secret") == arriving
        assert told.alerts("/heartbeat") == {("Watchdog", "")}
        bodies = told.at("/hook-of-a-secret")
        down = [one for one in bodies if one["groupLabels"]["alertname"] == "LlmplatModelDown"]
        assert 1 <= len(down) <= 1 + manager.failures, manager.log
        (alert,) = down[0]["alerts"]
        assert alert["annotations"]["runbook_url"] == f"{DOCS}/runbooks/model-down/"
        assert alert["labels"]["model"] == "assistant"
        assert "team-a" in {a["labels"].get("tenant") for b in bodies for a in b["alerts"]}
        # Over: told too, and the warning that it silenced is heard.
        manager.send(rule("LlmplatModelDown", "assistant"), is_over=True)
        over = ("LlmplatModelDown", "assistant")
        assert alerting.wait(lambda: over in told.alerts("/hook-of-a-secret", "resolved"))
        waits = ("LlmplatRequestsWait", "assistant")
        assert alerting.wait(lambda: waits in told.alerts("/hook-of-a-secret"))
        assert "hook-of-a-secret" not in manager.log


def test_without_its_rule_the_silenced_warning_is_heard(tmp_path, told):
    config = ready(tmp_path, told, "webhook", f"{told.url}/hook")
    with alerting.running(tmp_path, {**config, "inhibit_rules": []}) as manager:
        fire(manager)
        waits = ("LlmplatRequestsWait", "assistant")
        assert alerting.wait(lambda: waits in told.alerts("/hook")), manager.log


def test_a_rotated_address_is_used_without_a_restart(tmp_path, told):
    config = ready(tmp_path, told, "webhook", f"{told.url}/old")
    with alerting.running(tmp_path, config) as manager:
        manager.send(rule("LlmplatModelDown", "assistant"))
        assert alerting.wait(lambda: bool(told.at("/old"))), manager.log
        alerting.put_secret(tmp_path / "secrets", "alerts-webhook", f"{told.url}/new")
        manager.send(rule("LlmplatModelDown", "writer"))
        assert alerting.wait(lambda: told.alerts("/new") == {("LlmplatModelDown", "writer")})


def messages_of(told: Told) -> dict[str, dict]:
    """What Slack got, by title: one that was sent again is the same."""
    return {one["attachments"][0]["title"]: one for one in told.at("/services/T0/B0/x")}


def test_slack_says_what_and_where_to_look(tmp_path, told):
    config = ready(tmp_path, told, "slack", f"{told.url}/services/T0/B0/x")
    with alerting.running(tmp_path, config) as manager:
        manager.send(rule("LlmplatModelDown", "assistant"), BY_TENANT)
        assert alerting.wait(lambda: len(messages_of(told)) == 2), manager.log
    messages = messages_of(told)
    title = "FIRING: LlmplatModelDown assistant (critical)"
    assert set(messages) == {title, "FIRING: LlmplatBudgetRefuses team-a (warning)"}
    (shown,) = messages[title]["attachments"]
    assert messages[title]["channel"] == "#alerts"
    assert shown["title_link"] == f"{DOCS}/runbooks/model-down/"
    assert f"Runbook: {DOCS}/runbooks/model-down/" in shown["text"]
    assert "model=assistant" in shown["text"]


def events_of(told: Told) -> dict[str, dict]:
    """What PagerDuty got, by severity: one that was sent again is the same."""
    return {one["payload"]["severity"]: one for one in told.at("/v2/enqueue")}


def test_pagerduty_is_told_the_severity_and_the_runbook(tmp_path, told):
    config = ready(tmp_path, told, "pagerduty", "routing-key-of-a-secret")
    (receiver,) = [one for one in config["receivers"] if one["name"] == RECEIVER]
    assert receiver["pagerduty_configs"][0]["url"] == "https://events.pagerduty.com/v2/enqueue"
    receiver["pagerduty_configs"][0]["url"] = f"{told.url}/v2/enqueue"
    with alerting.running(tmp_path, config) as manager:
        manager.send(rule("LlmplatModelDown", "assistant"), rule("LlmplatRequestsWait", "writer"))
        assert alerting.wait(lambda: len(events_of(told)) == 2), manager.log
        assert "routing-key-of-a-secret" not in manager.log
    events = events_of(told)
    assert set(events) == {"critical", "warning"}
    down = events["critical"]
    assert down["routing_key"] == "routing-key-of-a-secret"
    assert down["payload"]["component"] == "assistant"
    assert down["payload"]["custom_details"]["runbook"] == f"{DOCS}/runbooks/model-down/"
    assert down["links"] == [{"href": f"{DOCS}/runbooks/model-down/", "text": "Runbook"}]


@pytest.fixture
def mail(tmp_path):
    certificates = make_certificates(tmp_path, "DNS:localhost,IP:127.0.0.1")
    made = MailServer(certificates.server)
    yield made, certificates
    made.close()


def by_mail(tmp_path: Path, told: Told, port: int) -> dict:
    """The rendered configuration of mail with another port: nothing else is changed."""
    config = ready(tmp_path, told, "email", "password-of-a-secret")
    (receiver,) = [one for one in config["receivers"] if one["name"] == RECEIVER]
    receiver["email_configs"][0]["smarthost"] = f"localhost:{port}"
    return config


def test_mail_says_what_and_where_to_look_and_the_password_goes_over_tls(tmp_path, told, mail):
    server, certificates = mail
    trust = {"SSL_CERT_FILE": str(certificates.authority)}
    with alerting.running(tmp_path, by_mail(tmp_path, told, server.port), trust) as manager:
        manager.send(rule("LlmplatModelDown", "assistant"))
        assert alerting.wait(lambda: bool(server.messages)), manager.log
        assert "password-of-a-secret" not in manager.log
        tries = 1 + manager.failures
    assert len(server.messages) <= tries
    message = server.messages[0]
    assert message["Subject"] == "FIRING: LlmplatModelDown assistant (critical)"
    assert (message["From"], message["To"]) == ("llmplat@example.com", "oncall@example.com")
    text = "".join(part.get_payload(decode=True).decode() for part in leaves(message))
    assert f"Runbook: {DOCS}/runbooks/model-down/" in text
    assert set(server.accounts) == {("llmplat@example.com", "password-of-a-secret")}
    plain = [one for one in server.said if one.startswith("plain: ")]
    assert plain[:2] == ["plain: EHLO localhost", "plain: STARTTLS"]
    assert set(plain) == set(plain[:2])


def leaves(message: Message) -> list[Message]:
    return [part for part in message.walk() if not part.is_multipart()]


def test_without_tls_no_mail_and_no_password_leaves(tmp_path, told, mail):
    _, certificates = mail
    server = MailServer(certificates.server, offers_tls=False)
    trust = {"SSL_CERT_FILE": str(certificates.authority)}
    with alerting.running(tmp_path, by_mail(tmp_path, told, server.port), trust) as manager:
        manager.send(rule("LlmplatModelDown", "assistant"))
        assert alerting.wait(lambda: "STARTTLS" in manager.log), manager.log
    server.close()
    assert (server.messages, server.accounts) == ([], [])
    assert not [one for one in server.said if "AUTH" in one or "MAIL" in one]
