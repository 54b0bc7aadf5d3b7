"""Makes findings that name both places of a conflict."""

from llmplat.domain.errors import Finding, Severity
from llmplat.spec.tree import Path, Tree

CODE = "spec-conflict"


def conflict(  # noqa: PLR0913 (a finding has this many parts)
    tree: Tree,
    what: str,
    why: str,
    fix: str,
    at: Path,
    *also: Path,
    severity: Severity = Severity.ERROR,
    code: str = CODE,
) -> Finding:
    """A finding at `at` that names the places `also` too."""
    return Finding(
        code=code,
        what=what,
        why=why,
        fix=(fix,),
        where=tree.where(at),
        also=tuple(tree.where(path) for path in also if path[:1] in tree.places),
        severity=severity,
    )
