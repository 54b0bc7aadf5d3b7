"""Trust is read once, by what the environment says; plain HTTP has none to give away."""

import ssl
from pathlib import Path

import pytest

from llmplat.adapters.web_trust import trust_for, web_trust
from tests.fakes.certificates import make_certificates


@pytest.fixture(autouse=True)
def _said_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_the_web_is_trusted_as_httpx_does_and_read_once() -> None:
    assert len(web_trust().get_ca_certs()) > 50
    assert web_trust() is web_trust()
    assert trust_for("https://example.com") is trust_for("HTTPS://example.com") is web_trust()


def test_authorities_of_the_environment_count_from_when_they_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = web_trust()
    files = make_certificates(tmp_path, "DNS:localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(files.authority))
    assert len(web_trust().get_ca_certs()) == 1
    monkeypatch.delenv("SSL_CERT_FILE")
    assert web_trust() is before


def test_tls_behind_a_plain_address_is_trusted_by_nobody() -> None:
    trust = trust_for("http://127.0.0.1:4000")
    assert trust.verify_mode is ssl.CERT_REQUIRED
    assert trust.check_hostname
    assert trust.get_ca_certs() == []
