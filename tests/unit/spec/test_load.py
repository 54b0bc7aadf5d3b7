"""A platform file is read whole, or every fault in it is told with its place."""

import json
from pathlib import Path

import pytest

from llmplat.domain.errors import ExitCode, Finding, NewerVersionError, SpecError
from llmplat.spec.load import default_platform, load_platform, parse_platform

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
HEAD = """apiVersion: llmplat.dev/v1alpha1
kind: Platform
name: demo
substrate: {local: {}}
"""


def faults(text: str) -> list[Finding]:
    with pytest.raises(SpecError) as caught:
        parse_platform(text, "p.yaml")
    assert caught.value.exit_code is ExitCode.INPUT
    return list(caught.value.findings)


def told(text: str) -> list[tuple[str, str]]:
    return [(str(item.where), item.what) for item in faults(text)]


def test_the_default_has_a_tenant_an_app_and_the_demo() -> None:
    loaded = default_platform()
    assert loaded.platform.models[0].source == "demo://smollm2-135m-instruct"
    assert loaded.platform.models[0].engine.kv_cache_memory_bytes == 2**30
    assert [(t.name, t.apps[0].name, t.budget.nanousd) for t in loaded.platform.tenants] == [
        ("demo", "app", 5_000_000_000)
    ]
    assert loaded.warnings == ()
    assert str(loaded.where(("models", 0, "context"))) == "(embedded default):12:5"


@pytest.mark.parametrize(
    "name",
    [
        "minimal",
        "tenants",
        "external-backend",
        "embeddings",
        "cluster-smallest",
        "cluster-two-teams",
        "cluster-production",
    ],
)
def test_examples_load_without_a_finding(name: str) -> None:
    assert load_platform(EXAMPLES / f"{name}.yaml").warnings == ()


def test_the_preview_is_refused_for_what_nothing_acts_on_and_nothing_else() -> None:
    with pytest.raises(SpecError) as caught:
        load_platform(Path(__file__).with_name("not-yet-preview.yaml"))
    assert {item.code for item in caught.value.findings} == {"spec-not-yet"}
    assert len(caught.value.findings) == 11


def test_all_faults_are_told_at_once_in_file_order() -> None:
    text = (
        HEAD
        + """models:
  - name: 12
    source: hub://x
    max_tokens: 3
    contxt: 4
    context: 1e9999
    concurrency: 99999999999999999999999
    kind: chatt
  -
tenants: 4
timeouts: {client: 5, gateway: 999h}
profil: x
"""
    )
    source = (
        "models[0].source must be hf://org/name@revision, demo://name, file:///folder, "
        "oci://registry/name@sha256:<64 hex>, https://host/path or pvc://claim/path"
    )
    assert told(text) == [
        ("p.yaml:6:11", "models[0].name must be a text"),
        ("p.yaml:7:13", source),
        ("p.yaml:8:5", 'models[0] has no key "max_tokens"'),
        ("p.yaml:9:5", 'models[0] has no key "contxt"'),
        ("p.yaml:10:14", "models[0].context must be a whole number"),
        ("p.yaml:11:18", "models[0].concurrency must be at most 4,096"),
        ("p.yaml:12:11", "models[0].kind must be chat or embedding"),
        ("p.yaml:13:4", "models[1] must be keys with values"),
        ("p.yaml:14:10", "tenants must be a list"),
        (
            "p.yaml:15:20",
            (
                "timeouts.client must be a duration with its unit such as 30s, 5m or 250ms; "
                "write 5s for seconds"
            ),
        ),
        ("p.yaml:15:32", "timeouts.gateway must be at most 1440 m 0 s"),
        ("p.yaml:16:1", 'the file has no key "profil"'),
    ]


def test_the_nearest_known_key_is_named() -> None:
    text = HEAD + "models:\n  - {name: a, source: demo://x, max_tokens: 3, kvcache: 1}\n"
    first, second = faults(text)
    assert (first.why, first.fix) == ("did you mean maxTokens?", ("write maxTokens",))
    assert second.fix[0].startswith(("write ", "known keys here: name, "))


@pytest.mark.parametrize(
    "source",
    [
        "hf://org/name",
        "hf://org/name@refs/pr/1",
        "hf://org/name@7ae557604adf67be50417f59c2c2f167def9a775",
        "demo://any",
        "file:///srv/my models/a",
    ],
)
def test_sources_that_are_taken(source: str) -> None:
    text = HEAD + f"models: [{{name: a, source: '{source}'}}]\n"
    assert parse_platform(text, "p").platform.models[0].source == source


@pytest.mark.parametrize(
    "source",
    [
        "org/name", "hf://name", "hf://org/name@", "hf:///x", "hf://org/../x", "file://relative",
        "file://", "demo://", "demo://A", "s3://bucket/x", "oci://registry/x:latest",
        "https://user@host/x", "hf://org/name\n", " hf://org/name", "hf://örg/name",
    ],
)  # fmt: skip
def test_sources_that_are_refused(source: str) -> None:
    text = HEAD + f"models: [{{name: a, source: {json.dumps(source)}}}]\n"
    assert "spec-value" in [item.code for item in faults(text)]


def test_a_missing_key_says_what_it_is_for() -> None:
    (finding,) = faults(HEAD + "models:\n  - {source: demo://x}\n")
    assert finding.what == "models[0].name is missing"
    assert finding.why == "The name clients send and everything is named by."
    assert str(finding.where) == "p.yaml:6:5"


def test_conflicts_are_told_beside_faults_of_single_values() -> None:
    text = HEAD + (
        "models:\n"
        "  - {name: a, source: demo://x, context: ten}\n"
        "  - {name: a, source: demo://x, colour: red}\n"
    )
    assert [item.code for item in faults(text)] == [
        "spec-value",
        "spec-duplicate-name",
        "spec-unknown-key",
    ]


@pytest.mark.parametrize("value", ["1", "yes", "'true'", "[true]", "null"])
def test_true_and_false_are_never_guessed(value: str) -> None:
    (finding,) = faults(
        HEAD
        + f"models: [{{name: a, source: 'demo://x'}}]\ngateway: {{cache: {{enabled: {value}}}}}"
    )
    assert finding.what == "gateway.cache.enabled must be true or false"


@pytest.mark.parametrize(
    ("version", "is_newer"),
    [
        ("llmplat.dev/v1alpha2", True),
        ("llmplat.dev/v1beta1", True),
        ("llmplat.dev/v1", True),
        ("llmplat.dev/v2alpha1", True),
        ("llmplat.dev/v1alpha0", False),
        ("llmplat.dev/v0", False),
        ("apps/v1", False),
    ],
)
def test_a_newer_file_is_told_apart_from_a_wrong_one(version: str, *, is_newer: bool) -> None:
    text = HEAD.replace("llmplat.dev/v1alpha1", version) + "something: new\n"
    with pytest.raises(SpecError) as caught:
        parse_platform(text, "p.yaml")
    assert isinstance(caught.value, NewerVersionError) is is_newer
    assert "p.yaml:1:13" in [str(item.where) for item in caught.value.findings]
    assert caught.value.exit_code is ExitCode.INPUT


def test_another_kind_of_file_is_named_as_that() -> None:
    assert told("apiVersion: llmplat.dev/v1alpha1\nkind: Keys\nkeys: []\n") == [
        ("p.yaml:2:7", "this file must be of kind Platform")
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n"])
def test_an_empty_file_says_so(text: str) -> None:
    (finding,) = faults(text)
    assert finding.what == "the file is empty"
    assert finding.where is not None
    assert finding.where.line >= 1


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text", "12", "true"])
def test_a_file_without_keys_says_so(text: str) -> None:
    assert told(text) == [("p.yaml:1:1", "the file must hold keys with values")]


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="does not exist") as missing:
        load_platform(tmp_path / "no.yaml")
    assert missing.value.fix == ("llmplat init",)
    with pytest.raises(SpecError, match="is a folder"):
        load_platform(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_that_is_not_utf8(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes(f"{HEAD}# für\n".encode(encoding))
    with pytest.raises(SpecError) as caught:
        load_platform(file)
    (finding,) = caught.value.findings
    assert finding.code == "spec-not-utf8"
    assert finding.where is not None
    assert finding.where.line == (1 if encoding == "utf-16" else 5)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + default_platform().text.encode())
    assert load_platform(file).platform == default_platform().platform


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(HEAD + "#" * 2_000_000)
    with pytest.raises(SpecError) as caught:
        load_platform(file)
    assert caught.value.findings[0].code == "spec-too-large"


def test_a_platform_cannot_be_changed() -> None:
    with pytest.raises(Exception, match="frozen"):
        default_platform().platform.name = "other"  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize(
    "body",
    ["models:\n" + "- 1\n" * 5000, "models: []\n" + "".join(f"k{i}: 1\n" for i in range(5000))],
)
def test_of_very_many_faults_the_first_are_told(body: str) -> None:
    with pytest.raises(SpecError, match="more than 100 faults") as caught:
        parse_platform(HEAD + body, "p.yaml")
    assert len(caught.value.findings) == 100


PACKAGED = HEAD + "models:\n  - {name: m, source: 'demo://smollm2-135m-instruct', package: %s}\n"


def repository(text: str) -> str | None:
    package = parse_platform(text, "p.yaml").platform.models[0].package
    return package.repository if package else None


def test_a_model_is_packaged_under_the_common_repository_or_its_own() -> None:
    common = "modelRepository: r.example.com/team\n"
    assert repository(PACKAGED % "true" + common) == "r.example.com/team/m"
    assert repository(PACKAGED % "{sign: true}" + common) == "r.example.com/team/m"
    assert repository(PACKAGED % "{repository: r.example.com/x}" + common) == "r.example.com/x"
    assert repository(PACKAGED % "{repository: r.example.com/x}") == "r.example.com/x"
    assert repository(PACKAGED % "false" + common) is None


def test_packaging_to_nowhere_is_refused_at_its_place() -> None:
    assert told(PACKAGED % "true") == [
        ("p.yaml:6:55", "the model m is to be packaged and nothing says where")
    ]
