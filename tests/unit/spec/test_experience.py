"""Domain, DNS, sign-in, traces and apps' keys: what cannot work is refused with both places."""

import pytest

from llmplat.domain.errors import SpecError
from llmplat.spec.load import parse_platform

HEAD = """apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: demo
profile: full
substrate: {cluster: {context: c, kubernetes: "1.35"}}
gitops: {oci: {repository: r.example.com/p}}
models: [{name: a, source: "hf://a/b@main"}]
tenants:
- name: people
  apps:
  - {name: chat, budget: {usd: 5}, models: [a]}
  - {name: free, models: [a]}
  - {name: wide, budget: {usd: 5}}
"""
DOMAIN = "domain: llm.example.com\ndns: {provider: none}\n"
SIGN_IN = (
    "identityProvider: {issuer: https://id.example.com, clientSecret: s, "
    "emailDomains: [example.com]}\n"
)


def told(text: str) -> list[str]:
    try:
        found = parse_platform(HEAD + text, "p").warnings
    except SpecError as error:
        found = error.findings
    assert all(item.fix and item.where for item in found)
    return [item.what for item in found]


@pytest.mark.parametrize(
    "text",
    [
        "",
        DOMAIN,
        DOMAIN + SIGN_IN,
        "domain: llm.example.com\ndns: {provider: cloud-dns, zone: p/z}\n",
        "domain: llm.example.com\ndns: {provider: cloudflare, zone: z, tokenSecret: t}\n",
        "components: {open-webui: {app: people/chat}}\n",
        "components: {n8n: {enabled: true, app: people/chat}}\n",
        "components: {n8n: {enabled: false}, open-webui: {enabled: false}}\n",
        "traces: {url: https://otlp.example.com}\n",
        "traces: {share: 1}\ncomponents: {langfuse: {enabled: true}}\n",
        DOMAIN + SIGN_IN.replace(
            "issuer: https://id.example.com",
            "connector: {type: ldap, config: {host: h, bindPW: $CLIENT_SECRET}}",
        ),
    ],
)  # fmt: skip
def test_what_works_is_not_refused(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("domain: llm.example.com\n", "nobody writes the DNS records of llm.example.com"),
        ("dns: {provider: none}\n", "dns without a domain"),
        (DOMAIN.replace("none", "cloud-dns"), "dns names no zone of cloud-dns"),
        (
            DOMAIN.replace("none", "cloudflare, zone: z"),
            "dns has no right to write records at cloudflare",
        ),
        (
            DOMAIN + SIGN_IN.replace("https://id", "http://id"),
            "the issuer http://id.example.com is not https",
        ),
        (SIGN_IN, "identityProvider needs a domain"),
        (
            DOMAIN + SIGN_IN.replace(", emailDomains: [example.com]", ""),
            "identityProvider lets in everybody who has an account there",
        ),
        (
            DOMAIN + SIGN_IN.replace(" clientSecret: s,", ""),
            "identityProvider has no client secret",
        ),
        (
            DOMAIN + SIGN_IN.replace("issuer: https://id.example.com, ", ""),
            "identityProvider names neither issuer nor connector",
        ),
        (
            DOMAIN + SIGN_IN.replace("clientSecret", "connector: {type: github}, clientSecret"),
            "identityProvider names both issuer and connector",
        ),
        (
            DOMAIN
            + SIGN_IN.replace(
                "issuer: https://id.example.com",
                "connector: {type: ldap, config: {bindPW: hunter2}}",
            ),
            "connector.config.bindPW holds a secret",
        ),
        ("traces: {}\n", "traces go nowhere"),
        ("components: {tabby: {enabled: true}}\n", "the component tabby names no app"),
        (
            "components: {n8n: {enabled: true, app: people/free}}\n",
            "the component n8n shows a key of people/free, which is not bounded",
        ),
        (
            "components: {open-webui: {app: people/wide}}\n",
            "the component open-webui shows a key of people/wide, which is not bounded",
        ),
        (
            "components: {open-webui: {app: people/nobody}}\n",
            "the component open-webui shows a key of people/nobody, which is not bounded",
        ),
    ],
)
def test_what_cannot_work_is_refused(text: str, what: str) -> None:
    assert told(text) == [what]


def test_a_secret_in_the_file_is_not_repeated() -> None:
    config = "connector: {type: ldap, config: {bindPW: hunter2}}"
    text = DOMAIN + SIGN_IN.replace("issuer: https://id.example.com", config)
    with pytest.raises(SpecError) as caught:
        parse_platform(HEAD + text, "p")
    assert "hunter2" not in str([(i.what, i.why, i.fix) for i in caught.value.findings])
