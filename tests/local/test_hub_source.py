"""HubSource against a hub that drops, refuses, lies and redirects."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmplat.adapters.model_describe import describe_model
from llmplat.adapters.model_source_hub import HubSource, find_token
from llmplat.adapters.patience import Patience
from llmplat.domain.errors import DownloadError, InputError, PreconditionError
from tests.fakes.hub import COMMIT, FakeHub, fake_hub
from tests.fakes.recording_progress import RecordingProgress
from tests.fakes.small_model import small_model

QUICK = Patience(attempts=3, first_delay_s=0.01, connect_timeout_s=60, read_timeout_s=60)
WEIGHTS = "model.safetensors"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with fake_hub(small_model(400_000)) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        yield running


def source(revision: str = "main") -> HubSource:
    return HubSource("org/tiny", revision, QUICK)


def test_a_branch_is_resolved_to_a_commit(hub: FakeHub) -> None:
    assert source().revision == COMMIT


def test_files_come_with_sizes_and_the_hashes_the_hub_states(hub: FakeHub) -> None:
    files = {file.path: file for file in source().list()}
    assert set(files) == set(hub.files)
    assert files[WEIGHTS].size_bytes == len(hub.files[WEIGHTS])
    assert files[WEIGHTS].sha256 == hashlib.sha256(hub.files[WEIGHTS]).hexdigest()
    assert files["config.json"].sha256 is None


def test_a_range_costs_only_its_bytes(hub: FakeHub) -> None:
    assert source().read_range(WEIGHTS, 100, 50) == hub.files[WEIGHTS][100:150]
    assert hub.sent_bytes[WEIGHTS] == 50
    assert source().read_range("config.json", 0, 10**6) == hub.files["config.json"]


def test_a_model_is_described_without_its_weights(hub: FakeHub) -> None:
    record = describe_model(source(), "hf://org/tiny", RecordingProgress())
    assert record.revision == COMMIT
    assert record.weights_bytes == 400_000
    assert record.config["torch_dtype"] == "bfloat16"
    assert [file.path for file in record.files] == ["config.json", WEIGHTS, "tokenizer.json"]
    assert all(file.sha256 for file in record.files)
    assert hub.sent_bytes[WEIGHTS] < 1000


def test_dropped_connections_go_on_where_they_broke(hub: FakeHub) -> None:
    hub.drops = [100_000, 0, 150_000]
    assert b"".join(source().stream(WEIGHTS)) == hub.files[WEIGHTS]
    starts = [start for name, start in hub.starts if name == WEIGHTS]
    assert starts == [0, 100_000, 100_000, 250_000]
    assert hub.sent_bytes[WEIGHTS] == len(hub.files[WEIGHTS])


def test_a_server_without_ranges_still_gives_the_right_bytes(hub: FakeHub) -> None:
    hub.answers_ranges = False
    assert b"".join(source().stream(WEIGHTS, 1234)) == hub.files[WEIGHTS][1234:]
    assert source().read_range(WEIGHTS, 10, 5) == hub.files[WEIGHTS][10:15]


def test_a_busy_hub_is_asked_again(hub: FakeHub) -> None:
    hub.busy = [503, 429]
    assert source().revision == COMMIT


def test_a_hub_that_stays_away_is_said_plainly(hub: FakeHub) -> None:
    hub.down = True
    with pytest.raises(DownloadError) as caught:
        source().list()
    assert "given up after 3 tries" in str(caught.value.why)


def test_a_revision_that_does_not_exist(hub: FakeHub) -> None:
    with pytest.raises(InputError, match="has no revision v9"):
        source("v9").list()


def test_a_model_that_does_not_exist(hub: FakeHub) -> None:
    with pytest.raises(InputError, match="no model hf://org/huge"):
        HubSource("org/huge", "main", QUICK).list()


def test_a_file_that_does_not_exist(hub: FakeHub) -> None:
    with pytest.raises(InputError, match=r"no file absent\.json"):
        source().read_range("absent.json", 0, 1)


def test_a_gated_model_needs_a_token_and_says_how(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.gated = True
    with pytest.raises(PreconditionError, match="gated") as caught:
        source().list()
    assert "HF_TOKEN" in " ".join(caught.value.fix)
    monkeypatch.setenv("HF_TOKEN", "hf_planted")
    assert source().revision == COMMIT


def test_the_token_stays_with_the_hub(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_planted")
    source().read_range(WEIGHTS, 0, 8)
    asked = dict(hub.tokens)
    assert asked == {"127.0.0.1": "Bearer hf_planted", "localhost": None}


def test_the_token_does_not_travel_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_planted")
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    with pytest.MonkeyPatch.context() as patch:
        seen: list[str | None] = []
        patch.setattr(
            "llmplat.adapters.model_source_hub.HubHttp", lambda _e, token, _p: seen.append(token)
        )
        HubSource("org/tiny", "main")
    assert seen == [None]


def test_the_token_is_found_where_hugging_face_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    assert find_token({"HF_HOME": str(tmp_path)}) == "from-file"
    assert find_token({"HF_HOME": str(tmp_path), "HF_TOKEN": " named "}) == "named"
    assert find_token({"HF_TOKEN_PATH": str(tmp_path / "token")}) == "from-file"
    assert find_token({"HF_HOME": str(tmp_path / "none")}) is None
