"""The packager as a process of its own, to be killed: MODEL REFERENCE CACHE [DIALECT]."""

import sys
import threading
from pathlib import Path

from llmplat.adapters.oci_registry import RegistryOptions, open_registry
from llmplat.adapters.oci_stop import Stop, stop_on_signals
from llmplat.adapters.pack_members import list_folder
from llmplat.catalog.registries import RegistryFacts
from llmplat.domain.errors import LlmplatError
from llmplat.domain.oci import Reference
from llmplat.pack.package import package
from llmplat.pack.request import PackRequest

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.fakes.recording_progress import RecordingProgress

STOPPING = "asked to stop"


def tell(stop: Stop) -> None:
    """Say when the first signal was heeded."""
    while not stop.wait(3600):
        pass
    print(STOPPING, file=sys.stderr, flush=True)


def main(model: Path, reference: Reference, cache: Path, facts: RegistryFacts) -> int:
    with stop_on_signals() as stop:
        threading.Thread(target=tell, args=(stop,), daemon=True).start()
        registry = open_registry(
            reference, cache, {"HOME": str(cache)}, stop, RegistryOptions(facts=facts)
        )
        request = PackRequest(list_folder(model), str(model))
        try:
            report = package(request, registry, facts, reference.tag, RecordingProgress())
        except KeyboardInterrupt:
            return 130
        except LlmplatError as error:
            print(f"{error.what} {error.why}", file=sys.stderr)
            return 1
    print(report.digest)
    return 0


if __name__ == "__main__":
    dialect = sys.argv[4] if len(sys.argv) > 4 else None
    sys.exit(
        main(
            Path(sys.argv[1]),
            Reference.parse(sys.argv[2]),
            Path(sys.argv[3]),
            RegistryFacts("x", dialect),
        )
    )
