"""A model on disk and a call of the packager, as tests make them."""

import threading
from dataclasses import dataclass
from pathlib import Path

from llmplat.adapters.oci_registry import RegistryOptions, open_registry
from llmplat.adapters.oci_stop import Stop
from llmplat.adapters.pack_members import list_folder
from llmplat.adapters.patience import Patience
from llmplat.catalog.registries import RegistryFacts
from llmplat.domain.oci import Reference
from llmplat.pack.package import package
from llmplat.pack.request import PackReport, PackRequest
from tests.fakes.recording_progress import RecordingProgress
from tests.fakes.small_model import small_model, write_model

MIB = 1024 * 1024
QUICK = Patience(
    attempts=4, first_delay_s=0.01, longest_delay_s=0.05, connect_timeout_s=5, read_timeout_s=10
)


@dataclass
class Packing:
    """One machine that packages one model: its folder and its cache."""

    model: Path
    cache: Path
    facts: RegistryFacts | None = None
    connections: int = 2
    env: dict[str, str] | None = None

    def push(self, address: str, tag: str = "v1", stop: Stop | None = None) -> PackReport:
        """Package the model to `address`/team/model."""
        reference = Reference.parse(f"{address}/team/model:{tag}")
        options = RegistryOptions(
            connections=self.connections, patience=QUICK, facts=self.facts or RegistryFacts("x")
        )
        registry = open_registry(
            reference, self.cache, self.env or {"HOME": str(self.cache)}, stop, options
        )
        request = PackRequest(list_folder(self.model), str(self.model))
        return package(request, registry, RegistryFacts("x"), tag, RecordingProgress())


def make_packing(tmp_path: Path, shards: int = 2, shard_bytes: int = 20 * MIB) -> Packing:
    """A model of `shards` large files beside the small ones."""
    files = small_model()
    for number in range(shards):
        content = small_model(shard_bytes, seed=number)["model.safetensors"]
        files[f"model-{number + 1:05}.safetensors"] = content
    return Packing(write_model(tmp_path / "model", files), tmp_path / "cache")


def stop_later(stop: Stop, seconds: float) -> threading.Timer:
    """Ask `stop` after some time."""
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    return timer
