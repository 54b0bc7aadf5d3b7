"""How the guide is told: exit codes, all error codes, or one of them."""

from collections.abc import Iterator

from llmplat.output import errors
from llmplat.output.guide import ErrorEntry, ExitCodeEntry
from llmplat.output.theme import Theme
from llmplat.output.view import View, columns

ExitCodes = tuple[ExitCodeEntry, ...]
Errors = tuple[ErrorEntry, ...]


def _exit_codes_human(entries: ExitCodes, theme: Theme) -> Iterator[str]:
    yield theme.title("Exit codes")
    yield from columns([[f"  {e.exit_code:>3}", e.meaning] for e in entries])


def _errors_human(entries: Errors, theme: Theme) -> Iterator[str]:
    if len(entries) == 1:
        yield from _one_human(entries[0], theme)
        return
    yield theme.title("Error codes") + theme.dim("  (llmplat help CODE tells more)")
    yield from columns([[f"  {e.code}", f"exit {int(e.exit_code)}", e.meaning] for e in entries])


def _one_human(entry: ErrorEntry, theme: Theme) -> Iterator[str]:
    yield f"{theme.title(entry.code)}  {entry.meaning}"
    yield f"exit code {int(entry.exit_code)}"
    if entry.example is not None:
        yield theme.dim("for example:")
        for line in errors.error_lines(entry.example, theme, quiet=False, log=None):
            yield f"  {line}"


EXIT_CODES: View[ExitCodes] = View(
    "ExitCodes",
    _exit_codes_human,
    lambda entries: [(e.exit_code, e.name, e.meaning) for e in entries],
    lambda entries: {"exitCodes": list(entries)},
)

ERRORS: View[Errors] = View(
    "Errors",
    _errors_human,
    lambda entries: [(e.code, int(e.exit_code), e.meaning) for e in entries],
    lambda entries: {"errors": [_document(e) for e in entries]},
)


def _document(entry: ErrorEntry) -> dict[str, object]:
    example = entry.example
    return {
        "code": entry.code,
        "exitCode": int(entry.exit_code),
        "meaning": entry.meaning,
        "example": {"what": example.what, "why": example.why, "fix": list(example.fix)}
        if example
        else None,
    }
