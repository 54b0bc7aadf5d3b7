"""The composition root of the commands that render a cluster's manifests and compare them."""

from pathlib import Path
from typing import TYPE_CHECKING

from llmplat.domain.errors import PreconditionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmplat.cli.wiring import Opened
    from llmplat.domain.manifest import Manifest
    from llmplat.plan.plan import Plan


def cluster_plan(opened: "Opened") -> "Plan":
    """The plan of a platform on a cluster; PreconditionError for one on this machine."""
    from llmplat.cli.wiring import catalog, read_keys, read_lock
    from llmplat.plan.make import make_plan

    platform = opened.loaded.platform
    if platform.substrate.local is not None:
        raise PreconditionError(
            "This platform runs on this machine: there are no manifests to render.",
            "its parts are processes, which `llmplat up` starts.",
            ("set substrate: {cluster: {context: my-cluster}}", "llmplat diff"),
        )
    keys = read_keys(opened.keys_file)
    return make_plan(platform, read_lock(opened), catalog(), keys=keys)


def read_tree(folder: Path) -> "tuple[Manifest, ...]":
    """The manifests of a folder."""
    from llmplat.adapters.tree_folder import read_folder

    return read_folder(folder)


def write_tree(folder: Path, files: "Iterable[Manifest]", marker: str) -> bool:
    """Have `folder` hold exactly `files`; False when it does already."""
    from llmplat.adapters.tree_folder import replace_folder

    return replace_folder(folder, files, marker)
