"""Values that cannot work with each other are refused, and both places are named."""

import pytest

from llmplat.domain.errors import Finding, Severity, SpecError
from llmplat.spec.load import parse_platform

HEAD = "apiVersion: llmplat.dev/v1alpha1\nkind: Platform\nname: demo\n"
LOCAL = "substrate: {local: {}}\n"
MODEL = "models:\n- name: a\n  source: demo://x\n"
OUTSIDE = (
    "models:\n- name: a\n  context: 100\n"
    "  price: {inputUsdPerMillionTokens: 1, outputUsdPerMillionTokens: 2}\n"
    "  backend: {url: https://h.example.com/v1, model: m}\n"
)


def findings(text: str) -> tuple[Finding, ...]:
    try:
        return parse_platform(text, "p").warnings
    except SpecError as error:
        return error.findings


def places(finding: Finding) -> list[tuple[int, int]]:
    return [(at.line, at.column) for at in (finding.where, *finding.also) if at is not None]


CLUSTER = (
    'substrate: {cluster: {kubernetes: "1.34", context: c}}\n'
    "gitops: {oci: {repository: registry.example.com/p}}\n"
)
CASES = [
    (
        "a cluster without a registry to fetch from",
        CLUSTER + MODEL + "mirror: {hub: https://hub.example.com}\n",
        "mirror names no registry",
        [(9, 1), (4, 1)],
    ),
    (
        "names that are written past the mirror",
        CLUSTER
        + MODEL
        + "domain: llm.example.com\ndns: {provider: cloud-dns, zone: llm}\n"
        + "mirror: {registry: registry.example.com/m}\n",
        "dns.provider is cloud-dns, which is past the mirror",
        [(10, 7), (11, 1)],
    ),
    (
        "a mirror without packages",
        LOCAL + MODEL + "mirror: {registry: registry.example.com/m}\n",
        "mirror names neither a folder nor packages",
        [(8, 1), (4, 1)],
    ),
    (
        "a mirror of two minds",
        LOCAL + MODEL + "mirror: {folder: /srv/m, packages: https://m.example.com/simple}\n",
        "mirror names a folder and packages",
        [(8, 10), (8, 26)],
    ),
    (
        "a mirror without the hub of a model",
        LOCAL
        + MODEL.replace("demo://x", "hf://a/b")
        + "mirror: {packages: https://m.example.com/simple}\n",
        "the mirror has no hub to read a from",
        [(7, 3), (8, 1)],
    ),
    (
        "a repository that has no name in a mirror",
        CLUSTER + MODEL.replace("demo://x", "hf://a/b") + "  package: true\n"
        "modelRepository: Registry.example.com/Team\n"
        "mirror: {registry: registry.example.org/m}\n",
        "is not an image reference",
        [(11, 1), (6, 1)],
    ),
    (
        "a secret of llmplat's own",
        LOCAL + OUTSIDE.replace("model: m", "model: m, keySecret: system-key"),
        "the secret system-key is llmplat's own",
        [(9, 54)],
    ),
    (
        "a way out no request may take",
        LOCAL + MODEL + '  overflow:\n  - {use: burst, url: "https://h.example.com/v1", model: m,'
        " price: {inputUsdPerMillionTokens: 1, outputUsdPerMillionTokens: 2}}\n",
        "no request for a may be sent to https://h.example.com/v1",
        [(9, 5), (6, 3)],
    ),
    (
        "a way out that is sent a secret of llmplat's own",
        LOCAL + MODEL + "  dataClass: public\n  overflow:\n  - {use: burst, keySecret: engine-key,"
        ' url: "https://h.example.com/v1", model: m,'
        " price: {inputUsdPerMillionTokens: 1, outputUsdPerMillionTokens: 2}}\n",
        "the secret engine-key is llmplat's own",
        [(10, 18)],
    ),
    (
        "a way out beside a service outside",
        LOCAL + OUTSIDE + "  dataClass: public\n  overflow:\n  - {use: burst,"
        ' url: "https://h.example.com/v1", model: m,'
        " price: {inputUsdPerMillionTokens: 1, outputUsdPerMillionTokens: 2}}\n",
        "overflow means nothing for a",
        [(11, 3), (9, 3)],
    ),
    ("no substrate", "substrate: {}\n" + MODEL, "none of local, cluster and gke", [(4, 1)]),
    (
        "engines without ports",
        "substrate: {local: {port: 65000}}\n" + MODEL + "  replicas: {min: 200, max: 200}\n"
        "- {name: b, source: demo://x, replicas: {min: 200, max: 200}}\n"
        "- {name: c, source: demo://x, replicas: {min: 200, max: 200}}\n",
        "600 engines find no ports",
        [(4, 21), (5, 1)],
    ),
    (
        "two models of one name",
        LOCAL + MODEL + "- {name: a, source: demo://x}\n",
        '"a" is used twice',
        [(8, 10), (6, 9)],
    ),
    (
        "an alias that is a name",
        LOCAL + MODEL + "- {name: b, aliases: [c, a], source: demo://x}\n",
        '"a" is used twice',
        [(8, 26), (6, 9)],
    ),
    (
        "two tenants of one name",
        LOCAL + MODEL + "tenants:\n- {name: t}\n- {name: t}\n",
        '"t" is used twice',
        [(10, 10), (9, 10)],
    ),
    (
        "two apps of one name",
        LOCAL + MODEL + "tenants:\n- {name: t, apps: [{name: x}, {name: x}]}\n",
        '"x" is used twice',
        [(9, 38), (9, 27)],
    ),
    (
        "two classes of one name",
        LOCAL
        + MODEL
        + "priorityClasses:\n- &c {name: x, allowance: 1s}\n- {name: x, allowance: 2s}\n",
        '"x" is used twice',
        [(10, 10), (9, 13)],
    ),
    (
        "an owner that is nobody",
        LOCAL + MODEL + "  owner: team-a\ntenants: [{name: team-b}]\n",
        'there is no tenant "team-a"',
        [(8, 3), (9, 1)],
    ),
    (
        "a class that is not there",
        LOCAL + MODEL + "tenants: [{name: t, priorityClass: bach}]\n",
        'there is no priority class "bach"',
        [(8, 21)],
    ),
    (
        "a model that is not there",
        LOCAL + MODEL + "tenants: [{name: t, apps: [{name: x, models: [b]}]}]\n",
        'there is no model "b"',
        [(8, 47), (5, 1)],
    ),
    (
        "an app with more than its tenant",
        LOCAL + MODEL + "- {name: b, source: demo://x}\n"
        "tenants:\n- {name: t, models: [a], apps: [{name: x, models: [b]}]}\n",
        "t/x may use b but t may not",
        [(10, 52), (10, 13)],
    ),
    (
        "a model above the tenant's class",
        LOCAL + MODEL + "  dataClass: confidential\ntenants: [{name: t, models: [a]}]\n",
        "t may not call a",
        [(9, 30), (8, 3)],
    ),
    (
        "source and backend",
        LOCAL + OUTSIDE + "  source: demo://x\n",
        "has source and backend",
        [(10, 3), (9, 3)],
    ),
    (
        "neither source nor backend",
        LOCAL + "models: [{name: a}]\n",
        "neither a source nor a backend",
        [(5, 10)],
    ),
    (
        "an engine key of a model outside",
        LOCAL + OUTSIDE + "  gpu: l4\n",
        "gpu means nothing for a",
        [(10, 3), (9, 3)],
    ),
    (
        "a price nobody can compute",
        LOCAL
        + OUTSIDE.replace(
            "price: {inputUsdPerMillionTokens: 1, outputUsdPerMillionTokens: 2}", "price: computed"
        ),
        "the price of a cannot be computed",
        [(8, 3), (9, 3)],
    ),
    (
        "a context nobody knows",
        LOCAL + OUTSIDE.replace("context: 100", "aliases: []"),
        "a needs a context",
        [(6, 3), (9, 3)],
    ),
    (
        "fewest above most",
        LOCAL + MODEL + "  replicas: {min: 3, max: 2}\n",
        "min 3 is more than max 2",
        [(8, 14), (8, 22)],
    ),
    (
        "nothing left running",
        LOCAL + MODEL + "  replicas: {min: 0, max: 1}\n",
        "but is not cold",
        [(8, 14), (6, 3)],
    ),
    (
        "a changing number",
        LOCAL + MODEL + "  replicas: {min: 1, max: 2}\n",
        "a changing number is not acted on yet",
        [(8, 14), (8, 22)],
    ),
    (
        "an answer longer than the context",
        LOCAL + MODEL + "  context: 100\n  maxTokens: 200\n",
        "maxTokens of a is 200, more than its context, 100",
        [(9, 3), (8, 3)],
    ),
    (
        "a default longer than the limit",
        LOCAL + MODEL + "  maxTokens: 100\n  defaultMaxTokens: 200\n",
        "defaultMaxTokens of a is 200, more than its maxTokens, 100",
        [(9, 3), (8, 3)],
    ),
    (
        "tokens of vectors",
        LOCAL + MODEL + "  kind: embedding\n  maxTokens: 100\n",
        "maxTokens means nothing for the embedding model a",
        [(9, 3), (8, 3)],
    ),
    (
        "a gateway that outlasts its client",
        LOCAL + MODEL + "timeouts: {client: 60s, gateway: 60s, engine: 50s}\n",
        "timeouts.client (60s) must be longer than timeouts.gateway (60s)",
        [(8, 12), (8, 25)],
    ),
    (
        "an engine that outlasts the default gateway",
        LOCAL + MODEL + "timeouts: {engine: 650s}\n",
        "timeouts.gateway (600s) must be longer than timeouts.engine (650s)",
        [(8, 1), (8, 12)],
    ),
    (
        "an end of nothing",
        LOCAL + MODEL + "gateway: {cache: {ttl: 5m}}\n",
        "gateway.cache.ttl is set but the cache is off",
        [(8, 19), (8, 11)],
    ),
]


@pytest.mark.parametrize(
    ("body", "what", "at"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_conflict_is_refused_and_names_both_places(
    body: str, what: str, at: list[tuple[int, int]]
) -> None:
    found = findings(HEAD + body)
    assert [item.severity for item in found] == [Severity.ERROR]
    assert what in found[0].what
    assert places(found[0]) == at
    assert found[0].why
    assert found[0].fix


WARNINGS = [
    (
        "  defaultMaxTokens: 500\ntenants: [{name: t, limits: {tokensPerMinute: 400}}]\n",
        "tokensPerMinute of t is less than one answer of a",
    ),
    (
        "tenants: [{name: t, budget: {usd: 1}, apps: [{name: x, budget: {usd: 2}}]}]\n",
        "budget of t/x",
    ),
    (
        (
            "tenants: [{name: t, limits: {parallelRequests: 1}, "
            "apps: [{name: x, limits: {parallelRequests: 2}}]}]\n"
        ),
        "parallelRequests of t/x",
    ),
    (
        "organisation: {budget: {usd: 1}}\ntenants: [{name: t, budget: {usd: 2}}]\n",
        "budget of t is",
    ),
]


@pytest.mark.parametrize(("body", "what"), WARNINGS)
def test_what_is_only_odd_is_a_warning(body: str, what: str) -> None:
    (warning,) = findings(HEAD + LOCAL + MODEL + body)
    assert warning.severity is Severity.WARNING
    assert what in warning.what
    assert len(places(warning)) == 2


FINE = [
    "tenants: [{name: t, budget: {usd: 1, period: day}, apps: [{name: x, budget: {usd: 2}}]}]\n",
    "tenants: [{name: t, apps: [{name: x}]}, {name: u, apps: [{name: x}]}]\n",
    "priorityClasses: [{name: batch, allowance: 5m}]\ntenants: [{name: t, priorityClass: batch}]\n",
    "tenants: [{name: t, models: ['*'], dataClass: public}]\n",
]


@pytest.mark.parametrize("body", FINE)
def test_what_only_looks_odd_is_fine(body: str) -> None:
    assert findings(HEAD + LOCAL + MODEL + body) == ()


def test_a_class_of_the_file_takes_the_place_of_the_built_in_one() -> None:
    text = HEAD + LOCAL + MODEL + "priorityClasses: [{name: batch, allowance: 5m, share: 0.1}]\n"
    classes = {item.name: item for item in parse_platform(text, "p").platform.classes}
    assert sorted(classes) == ["batch", "interactive"]
    assert (classes["batch"].allowance_s, classes["batch"].share) == (300.0, 0.1)


OPTIONS = [
    ("enforce_eager: true", "the engine has no option", "write enforce-eager"),
    ("--enforce-eager: true", "the engine has no option", "write enforce-eager"),
    ("no-enforce-eager: true", "the engine has no option", "write enforce-eager"),
    ("enforce-eagre: true", "the engine has no option", "write enforce-eager"),
    ("zzzzzz: 1", "the engine has no option", "see the option names"),
    ("enforce-eager: 1", "takes true or false", "correct enforce-eager"),
    ("seed: high", "takes a whole number", "correct seed"),
    ("cpu-offload-gb: [1]", "takes a number", "correct cpu-offload-gb"),
    ("dtype: [a]", "takes a text or a number", "correct dtype"),
    ("dtype: bfloat15", "must be one of", "write bfloat16"),
    ("port: 1", "is not for the file to set", "remove port"),
    ("api-key: x", "is not for the file to set", "remove api-key"),
    ("max-model-len: 1", "is not for the file to set", "remove max-model-len"),
    ("trust-remote-code: true", "is not for the file to set", "remove trust-remote-code"),
    ("load-format: dummy", "is not for the file to set", "remove load-format"),
]


@pytest.mark.parametrize(("option", "what", "fix"), OPTIONS)
def test_engine_options_are_checked_against_the_engine(option: str, what: str, fix: str) -> None:
    (finding,) = findings(HEAD + LOCAL + MODEL + f"  engine: {{options: {{{option}}}}}\n")
    assert finding.code == "spec-engine-option"
    assert what in finding.what
    assert finding.fix[0].startswith(fix)
    assert places(finding) == [(8, 22)]


@pytest.mark.parametrize(
    "option",
    [
        "enforce-eager: false",
        "dtype: bfloat16",
        "seed: 7",
        "block-size: 32",
        "ignore-patterns: [a, b]",
    ],
)
def test_free_options_are_taken(option: str) -> None:
    assert findings(HEAD + LOCAL + MODEL + f"  engine: {{options: {{{option}}}}}\n") == ()
