"""The lock: what it pins, when it is written."""

from pathlib import Path

import pytest

from llmplat.apply.lock import LockTools, Published, lock_platform
from llmplat.catalog.runtimes import RUNTIMES, load_runtime
from llmplat.domain.errors import DownloadError
from llmplat.domain.machine import Gpu
from llmplat.domain.model_record import ModelRecord, digest_files
from llmplat.domain.ports import ModelFile, Progress
from llmplat.spec.load import default_platform, parse_platform
from llmplat.spec.lock import parse_lock
from llmplat.spec.model import Model
from llmplat.spec.model_source import Package
from llmplat.spec.platform import Platform
from tests.fakes.recording_progress import RecordingProgress

FILES = (ModelFile("config.json", 2, "a" * 64), ModelFile("model.safetensors", 9, "b" * 64))


class Desk:
    """A lock file in memory and a world that holds one model."""

    def __init__(self) -> None:
        self.text: str | None = None
        self.written = 0
        self.looked_at: list[str] = []
        self.packaged: list[str] = []
        self.signed: list[str] = []
        self.revision = "c" * 40
        self.gpus: tuple[Gpu, ...] = ()

    def describe(self, source: str, progress: Progress) -> ModelRecord:
        self.looked_at.append(source)
        config = {"model_type": "llama", "hidden_size": 64}
        return ModelRecord(self.revision, digest_files(FILES), FILES, 8, config)

    def package(
        self, model: Model, record: ModelRecord, held: Published | None, progress: Progress
    ) -> Published:
        assert model.package is not None
        key = "key" if model.package.sign else None
        if held is not None:
            self.signed += [model.name] if key and not held.signed_by else []
            return Published(held.image, held.signed_by or key)
        self.packaged.append(model.name)
        return Published(f"{model.package.repository}@{record.digest}", key)

    def write(self, text: str) -> None:
        self.text, self.written = text, self.written + 1

    def tools(self) -> LockTools:
        runtimes = tuple(load_runtime(path.stem) for path in RUNTIMES.glob("*.yaml"))
        return LockTools(
            self.describe,
            self.package,
            runtimes,
            lambda: self.gpus,
            lambda: self.text,
            self.write,
        )


def platform() -> Platform:
    return default_platform().platform


def test_what_is_written_parses_back_and_is_written_once() -> None:
    desk = Desk()
    first = lock_platform(platform(), "l.yaml", desk.tools(), RecordingProgress())
    assert first.is_changed
    assert desk.text is not None
    lock = parse_lock(desk.text, "l.yaml")
    (model,) = lock.models
    assert (model.revision, model.weights_bytes) == ("c" * 40, 8)
    assert [file.path for file in model.files] == ["config.json", "model.safetensors"]
    assert model.config.hidden_size == 64
    assert [r.name for r in lock.runtimes] == ["litellm", "vllm-cpu", "vllm-cuda"]
    again = lock_platform(platform(), "l.yaml", desk.tools(), RecordingProgress())
    assert not again.is_changed
    assert desk.written == 1


def test_check_tells_and_writes_nothing() -> None:
    desk = Desk()
    lock_platform(platform(), "l.yaml", desk.tools(), RecordingProgress())
    before, desk.revision = desk.text, "d" * 40
    report = lock_platform(platform(), "l.yaml", desk.tools(), RecordingProgress(), is_check=True)
    assert report.is_changed
    assert report.is_check
    assert desk.text == before


def test_one_source_is_looked_at_once() -> None:
    desk, wish = Desk(), platform()
    twin = wish.models[0].model_copy(update={"name": "twin", "aliases": ()})
    both = wish.model_copy(update={"models": (*wish.models, twin)})
    report = lock_platform(both, "l.yaml", desk.tools(), RecordingProgress())
    assert len(report.models) == 2
    assert len(desk.looked_at) == 1


def test_a_model_that_cannot_be_looked_at_leaves_the_file_alone() -> None:
    desk = Desk()

    def fail(source: str, progress: Progress) -> ModelRecord:
        raise DownloadError("no")

    tools = LockTools(fail, desk.package, (), tuple, lambda: desk.text, desk.write)
    with pytest.raises(DownloadError):
        lock_platform(platform(), "l.yaml", tools, RecordingProgress())
    assert desk.written == 0


def packaged(*, sign: bool) -> Platform:
    wish = platform()
    package = Package(repository="r.example/team/m", sign=sign)
    model = wish.models[0].model_copy(update={"package": package})
    return wish.model_copy(update={"models": (model,)})


def test_an_image_is_kept_and_signed_when_that_is_asked_for_later() -> None:
    desk = Desk()
    for sign, check, changes in (
        (False, False, True),
        (False, True, False),
        (True, True, True),
        (True, False, True),
        (True, True, False),
        (False, True, False),
    ):
        report = lock_platform(
            packaged(sign=sign), "l.yaml", desk.tools(), RecordingProgress(), is_check=check
        )
        assert report.is_changed == changes, (sign, check)
    assert (len(desk.packaged), len(desk.signed)) == (1, 1)
    assert desk.text is not None
    assert parse_lock(desk.text, "l.yaml").models[0].signed_by == "key"


def test_the_digest_does_not_depend_on_the_order() -> None:
    assert digest_files(FILES) == digest_files(reversed(FILES))
    assert digest_files(FILES[:1]) != digest_files(FILES)


def test_shipped_locks_are_pinned_by_hash_and_name_no_index() -> None:
    for file in Path(RUNTIMES).glob("*.lock.txt"):
        for line in file.read_text().splitlines():
            assert "://" not in line
            assert not line.startswith("-")
        blocks = file.read_text().replace("\\\n", " ").splitlines()
        assert all("==" in block and "--hash=sha256:" in block for block in blocks), file


def test_malicious_uploads_are_in_no_lock() -> None:
    text = (RUNTIMES / "litellm.lock.txt").read_text()
    assert "litellm==1.106.2" in text
    assert not any(f"litellm=={version} " in text for version in ("1.82.7", "1.82.8"))


def test_the_gpus_of_this_machine_are_pinned() -> None:
    desk = Desk()
    desk.gpus = (Gpu("NVIDIA L4", 24 * 1024**3),)
    lock = lock_platform(platform(), "l.yaml", desk.tools(), RecordingProgress()).lock
    assert [(gpu.name, gpu.memory_bytes) for gpu in lock.gpus] == [("NVIDIA L4", 24 * 1024**3)]
    assert desk.text is not None
    assert parse_lock(desk.text, "l.yaml").gpus == lock.gpus


def test_behind_a_mirror_a_locked_model_is_not_looked_at_again() -> None:
    desk = Desk()
    text = (
        "apiVersion: llmplat.dev/v1alpha1\nkind: Platform\nname: gap\n"
        'substrate: {cluster: {kubernetes: "1.34", context: c}}\n'
        "gitops: {oci: {repository: registry.example.com/p}}\n"
        "modelRepository: registry.example.com/models\n"
        "models: [{name: m, source: 'hf://org/name@main', package: true}]\n"
    )
    platform = parse_platform(text, "p").platform
    lock_platform(platform, "p", desk.tools(), RecordingProgress())
    assert (desk.looked_at, desk.packaged) == (["hf://org/name@main"], ["m"])
    mirrored = parse_platform(f"{text}mirror: {{registry: mirror.example.com/k}}\n", "p").platform
    report = lock_platform(mirrored, "p", desk.tools(), RecordingProgress())
    assert len(desk.looked_at) == 1
    assert desk.packaged == ["m"]
    [model] = report.models
    assert model.image.startswith("mirror.example.com/k/registry.example.com/models/m@sha256:")
    again = lock_platform(mirrored, "p", desk.tools(), RecordingProgress())
    assert not again.is_changed
    with_hub = parse_platform(
        f"{text}mirror: {{registry: mirror.example.com/k, hub: 'https://hub.example.com'}}\n", "p"
    ).platform
    lock_platform(with_hub, "p", desk.tools(), RecordingProgress())
    assert len(desk.looked_at) == 2
