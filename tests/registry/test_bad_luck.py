"""Everything that goes wrong in each phase: taken up or refused with what, why and fix; never half an image."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from llmplat.adapters.oci_upload import Upload
from llmplat.domain.errors import (
    InputError,
    LlmplatError,
    RegistryError,
    RegistryRefusedError,
)
from tests.fakes.oci_registry import DIALECTS, FakeRegistry, Fault, Speech, fake_registry
from tests.registry.packing import MIB, Packing, make_packing

PHASES = ("begin", "patch", "patch-answer", "close", "head", "manifest", "tag", "find")
REPOSITORY = "team/model"


@pytest.fixture
def packing(tmp_path: Path) -> Packing:
    return make_packing(tmp_path, shards=1, shard_bytes=9 * MIB)


def assert_whole(registry: FakeRegistry, packing: Packing) -> None:
    """The tag names an image whose every blob is there with the right bytes."""
    content = registry.tag(REPOSITORY, "v1")
    assert content is not None
    document = json.loads(content)
    for one in [document["config"], *document["layers"]]:
        blob = registry.blobs[REPOSITORY, one["digest"]]
        assert f"sha256:{hashlib.sha256(blob).hexdigest()}" == one["digest"]
        assert len(blob) == one["size"]


def assert_said(error: LlmplatError, registry: FakeRegistry) -> None:
    """What, why and fix are there, and the tag names nothing."""
    assert error.what
    assert error.why
    assert error.fix
    assert registry.tag(REPOSITORY, "v1") is None


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_registry_is_waited_for(
    v3: FakeRegistry, packing: Packing, phase: str, status: int
) -> None:
    v3.faults = [Fault(phase, status, times=2, headers={"Retry-After": "0"})]
    packing.push(v3.address)
    assert_whole(v3, packing)
    assert v3.faults[0].times == 0


@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase != "patch-answer"])
def test_a_registry_that_stays_busy_is_given_up(
    v3: FakeRegistry, packing: Packing, phase: str
) -> None:
    v3.faults = [Fault(phase, 503, times=1000)]
    with pytest.raises(RegistryError) as caught:
        packing.push(v3.address)
    assert_said(caught.value, v3)
    v3.faults.clear()
    packing.push(v3.address)
    assert_whole(v3, packing)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_account_ends_it(
    v3: FakeRegistry, packing: Packing, phase: str, status: int
) -> None:
    v3.faults = [Fault(phase, status, "DENIED", times=1000)]
    with pytest.raises(RegistryRefusedError) as caught:
        packing.push(v3.address)
    assert_said(caught.value, v3)
    if phase not in {"head", "find"}:  # an answer to HEAD has no words
        assert "DENIED" in str(caught.value.why)
    assert any("docker login" in fix for fix in caught.value.fix)


@pytest.mark.parametrize("phase", ["begin", "patch", "close", "manifest", "tag"])
def test_too_large_is_told(v3: FakeRegistry, packing: Packing, phase: str) -> None:
    v3.faults = [Fault(phase, 413, times=1000)]
    with pytest.raises(RegistryRefusedError, match="too large") as caught:
        packing.push(v3.address)
    assert_said(caught.value, v3)


@pytest.mark.parametrize("phase", ["begin", "manifest", "tag"])
def test_an_unknown_repository_is_told(v3: FakeRegistry, packing: Packing, phase: str) -> None:
    v3.faults = [Fault(phase, 404, "NAME_UNKNOWN", times=1000)]
    with pytest.raises(RegistryRefusedError, match="There is no") as caught:
        packing.push(v3.address)
    assert_said(caught.value, v3)


@pytest.mark.parametrize("phase", ["patch", "patch-answer", "close"])
@pytest.mark.parametrize("status", [404, 416])
def test_a_lost_session_is_begun_again(
    v3: FakeRegistry, packing: Packing, phase: str, status: int
) -> None:
    v3.faults = [Fault(phase, status, "BLOB_UPLOAD_UNKNOWN")]
    packing.push(v3.address)
    assert_whole(v3, packing)


@pytest.mark.parametrize("phase", ["begin", "patch", "close", "head", "manifest", "tag", "find"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_cut_connection_is_taken_up(packing: Packing, phase: str, dialect: str) -> None:
    with fake_registry(dialect) as registry:
        registry.faults = [Fault(phase, cut_after=0)]
        packing.push(registry.address)
        assert_whole(registry, packing)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("phase", ["patch-body", "close-body", "patch-answer", "close-answer"])
def test_a_cut_in_the_middle_is_taken_up(packing: Packing, phase: str, dialect: str) -> None:
    with fake_registry(dialect) as registry:
        is_answer = phase.endswith("answer")
        cut = None if is_answer else 3 * MIB
        registry.faults = [Fault(phase, cut_after=cut, cut_answer=is_answer, times=2)]
        packing.push(registry.address)
        assert_whole(registry, packing)


def test_what_came_before_a_cut_is_not_sent_twice(v3: FakeRegistry, packing: Packing) -> None:
    v3.faults = [Fault("patch-body", cut_after=3 * MIB, times=2)]
    packing.push(v3.address)
    whole = sum(len(blob) for blob in v3.blobs.values())
    assert v3.body_bytes - whole < MIB


def test_a_lost_answer_to_the_last_request_costs_nothing(
    v3: FakeRegistry, packing: Packing
) -> None:
    v3.faults = [Fault("close-answer", cut_answer=True, times=3)]
    packing.push(v3.address)
    assert_whole(v3, packing)
    assert v3.body_bytes == sum(len(blob) for blob in v3.blobs.values())


def test_a_wrong_digest_once_is_sent_again(v3: FakeRegistry, packing: Packing) -> None:
    v3.faults = [Fault("close-answer", wrong_digest=True)]
    packing.push(v3.address)
    assert_whole(v3, packing)


def test_a_blob_that_is_not_there_after_all_is_sent_again(
    v3: FakeRegistry, packing: Packing
) -> None:
    v3.faults = [Fault("close-answer", loses_blob=True)]
    packing.push(v3.address)
    assert_whole(v3, packing)


def test_wrong_digests_for_ever_are_given_up(v3: FakeRegistry, packing: Packing) -> None:
    v3.faults = [Fault("close-answer", wrong_digest=True, times=1000)]
    with pytest.raises(RegistryError) as caught:
        packing.push(v3.address)
    assert_said(caught.value, v3)


@pytest.mark.parametrize("phase", ["patch", "close"])
def test_a_restart_that_forgets_sessions(v3: FakeRegistry, packing: Packing, phase: str) -> None:
    v3.faults = [Fault(phase, restart=True)]
    packing.push(v3.address)
    assert_whole(v3, packing)


@pytest.mark.parametrize("phase", ["patch", "patch-answer", "close"])
def test_a_full_disk_on_the_registry_is_told(
    v3: FakeRegistry, packing: Packing, phase: str
) -> None:
    message = "write /var/lib/registry/x: no space left on device"
    v3.faults = [Fault(phase, 500, message=message, times=1000)]
    with pytest.raises(RegistryError, match=r"disk of .* is full") as caught:
        packing.push(v3.address)
    assert_said(caught.value, v3)


def test_a_tag_that_may_not_be_overwritten(v3: FakeRegistry, packing: Packing) -> None:
    packing.push(v3.address)
    before = v3.tag(REPOSITORY, "v1")
    v3.immutable_tags = True
    packing.push(v3.address)
    (packing.model / "config.json").write_text("{}")
    with pytest.raises(RegistryRefusedError, match="may not be overwritten") as caught:
        packing.push(v3.address)
    assert "@sha256:" in caught.value.fix[0]
    assert v3.tag(REPOSITORY, "v1") == before


def test_tokens_that_end_in_the_middle(packing: Packing) -> None:
    with fake_registry("v3") as registry:
        registry.password, registry.token_requests_left = "right", 2
        packing.connections = 1
        host = registry.address.replace(".", "_").replace(":", "_")
        packing.env = {
            "HOME": str(packing.cache),
            f"LLMPLAT_REGISTRY_USERNAME_{host}": "ci",
            f"LLMPLAT_REGISTRY_PASSWORD_{host}": "right",
        }
        packing.push(registry.address)
        assert_whole(registry, packing)
        assert (
            sum(path == "/token" or path.startswith("/token?") for _, path in registry.requests) > 3
        )


@pytest.mark.parametrize("password", ["wrong", None])
def test_a_wrong_password_is_refused_before_the_first_byte(
    packing: Packing, password: str | None
) -> None:
    with fake_registry("v3") as registry:
        registry.password = "right"
        if password:
            host = registry.address.replace(".", "_").replace(":", "_")
            packing.env = {
                "HOME": str(packing.cache),
                f"LLMPLAT_REGISTRY_PASSWORD_{host}": password,
            }
        with pytest.raises(RegistryRefusedError) as caught:
            packing.push(registry.address)
        assert_said(caught.value, registry)
        assert registry.body_bytes == 0
        if password:
            assert password not in f"{caught.value.what}{caught.value.why}{caught.value.fix}"


def test_nobody_there(packing: Packing) -> None:
    with pytest.raises(RegistryError, match="cannot be reached") as caught:
        packing.push("127.0.0.1:9")
    assert caught.value.why
    assert caught.value.fix


def test_a_file_that_changes_while_it_is_sent(
    v3: FakeRegistry, packing: Packing, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = packing.model / "model-00001.safetensors"
    send = Upload._patch

    def write_then_send(upload: Upload, session):
        with victim.open("r+b") as file:
            file.seek(5 * MIB)
            file.write(os.urandom(16))
        return send(upload, session)

    monkeypatch.setattr(Upload, "_patch", write_then_send)
    with pytest.raises(InputError, match="changed while") as caught:
        packing.push(v3.address)
    assert_said(caught.value, v3)


def test_a_file_that_shrinks_while_it_is_sent(
    v3: FakeRegistry, packing: Packing, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = packing.model / "model-00001.safetensors"
    send = Upload._patch

    def cut_then_send(upload: Upload, session):
        os.truncate(victim, 5 * MIB)
        return send(upload, session)

    monkeypatch.setattr(Upload, "_patch", cut_then_send)
    with pytest.raises(InputError) as caught:
        packing.push(v3.address)
    assert_said(caught.value, v3)


def test_a_cache_that_cannot_be_written_stops_nothing(v3: FakeRegistry, packing: Packing) -> None:
    """The journal is a help, not a need."""
    packing.cache.write_text("a file where the folder should be")
    packing.env = {"HOME": str(packing.model)}
    packing.push(v3.address)
    assert_whole(v3, packing)


def test_a_session_that_goes_back_is_not_trusted(v3: FakeRegistry, packing: Packing) -> None:
    """After the first cut the registry has less than it had confirmed: that layer begins again."""
    v3.faults = [
        Fault("patch-answer", cut_answer=True),
        Fault("ask", 204, headers={"Range": "0-99"}),
    ]
    packing.push(v3.address)
    assert_whole(v3, packing)


def test_a_minimum_length_of_pieces_is_honoured(packing: Packing) -> None:
    with fake_registry(Speech(chunk_min_length=100 * MIB)) as registry:
        packing = make_packing(packing.model.parent / "large", shards=1, shard_bytes=130 * MIB)
        packing.push(registry.address)
        assert_whole(registry, packing)
        large = max(registry.blobs.values(), key=len)
        patches = [path for method, path in registry.requests if method == "PATCH"]
        assert len(large) > 128 * MIB
        assert len(patches) == 4  # two of the large layer, the small files, the config
