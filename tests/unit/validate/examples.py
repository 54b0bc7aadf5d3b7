"""The good and the bad example of each check, and where the bad one says it is bad."""

import re
from pathlib import Path

from llmplat.domain.errors import Where
from llmplat.domain.manifest import Manifest

FOLDER = Path(__file__).parent / "checks"
NAMES = sorted(folder.name for folder in FOLDER.iterdir() if folder.is_dir())
_FILE = re.compile(r"^# file: (\S+)$", re.MULTILINE)


def example(name: str, side: str) -> list[Manifest]:
    """The example as manifests: one file, or one for each `# file:` line."""
    text = (FOLDER / name / f"{side}.yaml").read_text("utf-8")
    parts = _FILE.split(text)
    pairs = zip(parts[1::2], parts[2::2], strict=True) if len(parts) > 1 else [("all.yaml", text)]
    return [Manifest(path, content.removesuffix("---\n")) for path, content in pairs]


def marked(manifests: list[Manifest]) -> Where:
    """File and line of the comment `# here`; the column is left 0."""
    for manifest in manifests:
        for number, line in enumerate(manifest.content.splitlines(), 1):
            if line.endswith("# here"):
                return Where(manifest.path, number)
    raise AssertionError("no line says # here")
