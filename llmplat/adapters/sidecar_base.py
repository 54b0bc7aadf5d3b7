"""The base image of KServe's sidecar mode, from a Python package pinned by hash -> a BaseImage."""

import shutil
from pathlib import Path

from llmplat.adapters.file_lock import hold
from llmplat.adapters.oci_layout import LayoutRegistry
from llmplat.adapters.uv_tool import run_uv
from llmplat.catalog.read import read_mapping
from llmplat.domain.oci import Digest, Reference
from llmplat.domain.ports import Progress
from llmplat.pack.image import read_image
from llmplat.pack.request import BaseImage

_FACTS = Path(__file__).parent.parent / "catalog" / "data" / "bases" / "kserve-sidecar.yaml"


def sidecar_name() -> str:
    """What provenance calls the base: package and digest."""
    facts = read_mapping(_FACTS)
    return f"{facts['package']}@{facts['digest']}"


def open_sidecar_base(cache: Path, progress: Progress) -> BaseImage:
    """The base for amd64 and arm64, fetched into `cache` when it is not there yet.

    Raises:
        DownloadError: the package index cannot be reached or has other bytes than are pinned.
    """
    facts = read_mapping(_FACTS)
    digest = Digest.parse(str(facts["digest"]))
    folder = cache / "bases" / digest.hex
    with hold(folder.with_suffix(".lock")) as lock:
        if not folder.is_dir():
            _fetch(facts, folder, progress, lock)
    registry = LayoutRegistry(folder / str(facts["layout"]), cache)
    image = read_image(registry, Reference("localhost", str(facts["package"]), None, digest))
    return BaseImage(registry, tuple(one.manifest for one in image.platforms))


def _fetch(facts: dict[str, object], folder: Path, progress: Progress, lock: int) -> None:
    aside = folder.with_suffix(".part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    pin = f"{facts['package']}=={facts['version']} --hash=sha256:{facts['wheel_sha256']}\n"
    (aside / "package.txt").write_text(pin, encoding="utf-8")
    take = ["pip", "install", "--no-deps", "--require-hashes", "--no-build", "--target", "."]
    with progress.step(f"Fetch {facts['package']} {facts['version']}"):
        run_uv(
            [*take, "--requirements", "package.txt"],
            purpose=f"Fetching the base image ({facts['package']} {facts['version']})",
            folder=aside,
            keep_open=(lock,),
            on_line=progress.child,
        )
    aside.rename(folder)
