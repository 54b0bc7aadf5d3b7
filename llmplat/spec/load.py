"""platform.yaml into a checked Platform, all its faults at once with file, line and column."""

from dataclasses import dataclass
from pathlib import Path as FilePath

from llmplat.domain.errors import Finding, Severity, Where
from llmplat.spec.checks import find_conflicts
from llmplat.spec.not_yet import find_not_yet
from llmplat.spec.platform import Platform
from llmplat.spec.read import fail, parse_tree, read_text, validate
from llmplat.spec.tree import Path, Tree
from llmplat.spec.words import in_order

DEFAULT_FILE = "(embedded default)"

_DEFAULT = FilePath(__file__).with_name("data") / "default-platform.yaml"


@dataclass(frozen=True)
class LoadedPlatform:
    """A platform that passed every check, and the file it came from."""

    platform: Platform
    file: str
    text: str
    tree: Tree
    warnings: tuple[Finding, ...] = ()
    """Findings that do not stop anything."""

    def where(self, path: Path) -> Where:
        """The place of a key by its path in the file: ("models", 0, "context")."""
        return self.tree.where(path)


def load_platform(path: FilePath) -> LoadedPlatform:
    """The platform of the file at `path`; SpecError carries every fault with its place."""
    return parse_platform(read_text(path), str(path))


def default_platform() -> LoadedPlatform:
    """The platform used when there is no file."""
    return parse_platform(default_text(), DEFAULT_FILE)


def default_text() -> str:
    """The text of the embedded platform file."""
    return _DEFAULT.read_text("utf-8")


def parse_platform(text: str, file: str) -> LoadedPlatform:
    """The platform of `text`; `file` is the name shown with positions. Raises SpecError."""
    tree = parse_tree(text, file, "Platform")
    platform, findings = validate(Platform, tree, tree.value)
    checked = platform or _without_faults(tree, findings)
    findings += find_not_yet(tree)
    if checked is not None:
        findings += find_conflicts(checked, tree)
    findings = in_order(findings)
    if platform is None or any(item.severity is Severity.ERROR for item in findings):
        fail(findings, file)
    return LoadedPlatform(
        platform.with_repositories().through_mirror(), file, text, tree, tuple(findings)
    )


def _without_faults(tree: Tree, findings: list[Finding]) -> Platform | None:
    """The platform without its faulty keys, so that conflicts are told in the same go.

    None when something is missing without them.
    """
    wrong = {item.where for item in findings}
    pruned = _prune(tree, tree.value, (), wrong)
    return validate(Platform, tree, pruned)[0]


def _prune(tree: Tree, value: object, path: Path, wrong: set[Where | None]) -> object:
    if isinstance(value, tuple):
        return tuple(_prune(tree, item, (*path, at), wrong) for at, item in enumerate(value))
    if not isinstance(value, dict):
        return value
    return {
        key: _prune(tree, item, (*path, key), wrong)
        for key, item in value.items()
        if not (
            tree.where((*path, key)) in wrong
            or (tree.where_value((*path, key)) in wrong and len(path) > 1)
        )
    }
