"""The composition root of the lock: models looked at and published, runtimes and GPUs found."""

from typing import TYPE_CHECKING

from llmplat.cli.run import Run
from llmplat.cli.wiring import Opened, catalog, fetch_from

if TYPE_CHECKING:
    from llmplat.apply.lock import LockTools
    from llmplat.apply.lock_cluster import ClusterPins
    from llmplat.domain.model_record import ModelRecord
    from llmplat.domain.ports import Progress
    from llmplat.spec.lock import Lock


def lock_tools(run: Run, opened: Opened) -> "LockTools":
    """What `lock` needs of the world."""
    from llmplat.adapters.atomic_file import write_whole
    from llmplat.adapters.nvidia import find_gpus
    from llmplat.apply.lock import LockTools
    from llmplat.catalog.runtimes import load_runtime
    from llmplat.cli.wiring_publish import publish

    def read() -> str | None:
        file = opened.lock_file
        return file.read_text(encoding="utf-8") if file.is_file() else None

    def write(text: str) -> None:
        opened.lock_file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(opened.lock_file, text.encode(), 0o644)

    return LockTools(
        describe=lambda source, progress: _describe(opened, source, progress),
        package=lambda model, record, held, _progress: publish(
            run, model, record, held, fetch_from(opened)
        ),
        runtimes=tuple(load_runtime(name) for name in sorted(catalog().runtimes)),
        gpus=find_gpus,
        read=read,
        write=write,
        cluster=_cluster_pins(run, opened),
    )


def _cluster_pins(run: Run, opened: Opened) -> "ClusterPins":
    from llmplat.cli.wiring_pins import BUG, cluster_pins

    is_mirrored = opened.loaded.platform.mirror is not None
    return cluster_pins(run, catalog(), "llmplat mirror copy" if is_mirrored else BUG)


def _describe(opened: Opened, source: str, progress: "Progress") -> "ModelRecord":
    from llmplat.adapters.model_describe import describe_model
    from llmplat.adapters.model_source import open_source
    from llmplat.adapters.model_source_demo import Workshop

    reader = open_source(
        source, workshop=Workshop(opened.cache, progress, fetch=fetch_from(opened))
    )
    return describe_model(reader, source, progress)


def make_lock(run: Run, opened: Opened, progress: "Progress") -> "Lock":
    """Look at the world and write the lock of `opened`."""
    from llmplat.apply.lock import lock_platform

    platform, file = opened.loaded.platform, str(opened.lock_file)
    return lock_platform(platform, file, lock_tools(run, opened), progress).lock
