"""llmplat as a process whose catalogue names another internet: ORIGIN [WEB] -- words of the command."""

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from llmplat.catalog.through_mirror import through_mirror
from llmplat.cli import wiring
from llmplat.domain.mirror import MirrorPlace


def main(origin: str, web: str, words: list[str]) -> int:
    """Run `words` where every chart and image is published below `origin`, keda's chart at `web`."""
    shipped = wiring.catalog()
    moved = through_mirror(shipped, MirrorPlace.parse(origin))
    keda = moved.components["keda"]
    keda = replace(keda, version=replace(keda.version, repository=web))
    changed = replace(moved, components={**moved.components, "keda": keda})
    wiring.catalog = lambda: changed
    from llmplat.cli import wiring_lock, wiring_mirror

    wiring_mirror.catalog = wiring_lock.catalog = lambda: changed
    from llmplat.cli.app import run_command

    return int(run_command(words))


if __name__ == "__main__":
    at = sys.argv.index("--")
    origin, web = sys.argv[1:at]
    sys.exit(main(origin, web, sys.argv[at + 1 :]))
