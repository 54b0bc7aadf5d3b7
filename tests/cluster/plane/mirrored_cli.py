"""`llmplat` as it is, but for the addresses of charts: LLMPLAT_TEST_MIRROR names a file of them."""

import json
import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from llmplat.cli import wiring

if TYPE_CHECKING:
    from llmplat.catalog.entries import Catalog

_shipped = wiring.catalog


@lru_cache(maxsize=1)
def _mirrored() -> "Catalog":
    places = json.loads(Path(os.environ["LLMPLAT_TEST_MIRROR"]).read_text())
    catalog = _shipped()
    components = dict(catalog.components)
    for name, place in places.items():
        one = components[name]
        assert one.version is not None
        components[name] = replace(one, version=replace(one.version, repository=place))
    return replace(catalog, components=components)


if __name__ == "__main__":
    wiring.catalog = _mirrored
    from llmplat.cli.app import main

    main()
