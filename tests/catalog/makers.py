"""Rebuilds templates/components/*/objects from their makers' files: `python -m tests.catalog.makers`.

The makers' files come from the folder LLMPLAT_CRDS (default ../shared/crds, with its SOURCES.tsv).
What the API server does not act on, the prose of their schemas, is left out.
"""

import csv
import os
import sys
from pathlib import Path
from typing import Any

import yaml

from llmplat.render.dump import dump_yaml

HOME = Path(__file__).resolve().parents[2]
CRDS = Path(os.environ.get("LLMPLAT_CRDS", str(HOME.parent / "shared" / "crds")))
FOLDERS = {
    "gateway-api": ("gateway-api/standard", "gateway.networking.k8s.io_"),
    "inference-pool": ("gateway-api-inference-extension", "inference.networking.k8s.io_"),
    "llm-d-router": ("llm-d-router", "llm-d.ai_"),
}
"""Component -> folder under CRDS and what its file names begin with there."""


def without_prose(value: Any) -> Any:
    """`value` without the descriptions of schemas; a property called description stays."""
    if isinstance(value, dict):
        return {
            key: without_prose(item)
            for key, item in value.items()
            if key != "description" or not isinstance(item, str)
        }
    return [without_prose(item) for item in value] if isinstance(value, list) else value


def made_from(component: str, file: str, crds: Path = CRDS) -> str | None:
    """What the shipped file must be; None where the maker's is not here."""
    folder, prefix = FOLDERS[component]
    theirs = f"{folder}/{prefix}{file}"
    if not (crds / theirs).is_file():
        return None
    rows = csv.DictReader((crds / "SOURCES.tsv").read_text("utf-8").splitlines(), delimiter="\t")
    row = next(row for row in rows if row["file"] == theirs)
    documents = yaml.safe_load_all((crds / theirs).read_text("utf-8"))
    head = f"# {row['repository']} {row['tag']}, {row['path']}, {row['licence']}; without prose.\n"
    return head + dump_yaml(*(without_prose(one) for one in documents if one))


def main() -> None:
    """Write every shipped file anew."""
    for component in FOLDERS:
        for path in sorted((HOME / "templates/components" / component / "objects").glob("*.yaml")):
            text = made_from(component, path.name)
            if text is None:
                sys.exit(f"the maker's file of {path.name} is not under {CRDS}")
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
