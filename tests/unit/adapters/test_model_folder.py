"""A hub's models in a folder: stored under their digest, found by their source."""

import pytest

from llmplat.adapters.model_folder import find_model, open_model, store_model
from llmplat.adapters.model_source import open_source
from llmplat.adapters.model_source_demo import PackageSource, Workshop
from llmplat.adapters.model_source_folder import FolderSource
from llmplat.adapters.model_source_hub import HubSource
from llmplat.domain.errors import InputError
from llmplat.domain.mirror import FetchFrom
from llmplat.domain.model_record import ModelRecord, digest_files
from llmplat.domain.ports import ModelFile
from tests.fakes.recording_progress import RecordingProgress

SOURCE = "hf://org/name@main"


@pytest.fixture
def stored(tmp_path):
    origin = tmp_path / "origin"
    origin.mkdir()
    (origin / "config.json").write_text("{}")
    reader = FolderSource(origin)
    files = tuple(
        ModelFile(file.path, file.size_bytes, reader.sha256(file.path, None))
        for file in reader.list()
    )
    record = ModelRecord("c" * 40, digest_files(files), files, 2, {})
    assert store_model(tmp_path / "m", SOURCE, reader, record, RecordingProgress()) == 2
    assert store_model(tmp_path / "m", SOURCE, reader, record, RecordingProgress()) == 0
    return tmp_path / "m"


def test_it_reads_as_at_the_hub(stored, tmp_path):
    workshop = Workshop(tmp_path, RecordingProgress(), fetch=FetchFrom(models=str(stored)))
    found = open_source(SOURCE, workshop=workshop)
    assert found.revision == "c" * 40
    assert [file.path for file in found.list()] == ["config.json"]
    assert b"".join(found.stream("config.json")) == b"{}"
    assert found.read_range("config.json", 1, 1) == b"}"
    assert found.list()[0].sha256


def test_what_is_not_there_is_named(stored):
    with pytest.raises(InputError, match="does not have hf://org/other") as caught:
        open_model(stored, "hf://org/other")
    assert SOURCE in caught.value.why
    assert open_model(stored, SOURCE).damaged() == ()
    [file] = stored.glob("*/config.json")
    file.unlink()
    file.write_text("[]")
    assert open_model(stored, SOURCE).damaged() == ("config.json",)
    file.unlink()
    assert find_model(stored, SOURCE) is None


def test_behind_a_mirror_the_public_hub_is_never_asked(tmp_path, monkeypatch):
    closed = Workshop(tmp_path, RecordingProgress(), fetch=FetchFrom(is_closed=True))
    with pytest.raises(InputError, match="has no hub to read"):
        open_source(SOURCE, workshop=closed)
    monkeypatch.setattr(
        "llmplat.adapters.model_source_demo._reachable_hub", lambda _: pytest.fail("asked")
    )
    assert isinstance(open_source("demo://smollm2-135m-instruct", workshop=closed), PackageSource)


def test_the_mirrors_hub_stands_in(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://elsewhere.example.com")
    place = FetchFrom(hub="https://hub.example.com", is_closed=True)
    found = open_source(SOURCE, workshop=Workshop(tmp_path, RecordingProgress(), fetch=place))
    assert isinstance(found, HubSource)
    assert found._http.endpoint == "https://hub.example.com"
