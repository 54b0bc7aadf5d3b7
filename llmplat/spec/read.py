"""A file or text into a checked shape, with all its faults at once and where they stand."""

import re
from pathlib import Path as FilePath
from typing import NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from llmplat.domain.errors import Finding, NewerVersionError, Severity, SpecError, Where
from llmplat.spec.shape import API_VERSION
from llmplat.spec.tree import BrokenTextError, Path, Tree, place_of_offset, read_tree
from llmplat.spec.words import clip, describe, make_findings

MAX_FILE_BYTES = 1024 * 1024
MAX_FINDINGS = 100
"""More are not told: nobody reads them, and making them takes time."""

_S = TypeVar("_S", bound=BaseModel)
_VERSION = re.compile(r"llmplat\.dev/v(\d{1,6})(?:(alpha|beta)(\d{1,6}))?")
_STAGE = {"alpha": 0, "beta": 1, None: 2}


def read_text(path: FilePath) -> str:
    """The text of the file; SpecError when it is missing, a folder, too large or not UTF-8."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise SpecError(*_unreadable(exc, file)) from exc
    return decode(data, file)


def decode(data: bytes, file: str) -> str:
    """`data` as text; SpecError when it is too large or not UTF-8."""
    if len(data) > MAX_FILE_BYTES:
        what = f"the file is larger than {MAX_FILE_BYTES // 1024} KiB"
        _refuse(Finding(code="spec-too-large", what=what, where=Where(file, 1, 1)))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        before = data[: exc.start].decode("utf-8", "replace")
        what = "the file is not UTF-8 text"
        where = place_of_offset(before, len(before), file)
        _refuse(Finding(code="spec-not-utf8", what=what, fix=("save it as UTF-8",), where=where))


def parse_tree(text: str, file: str, kind: str) -> Tree:
    """`text` as a tree whose kind and version are ours; SpecError or NewerVersionError."""
    try:
        tree = read_tree(text, file)
    except BrokenTextError as exc:
        fail(list(exc.findings), file)
    if not isinstance(tree.value, dict):
        _refuse_top(tree, kind)
    _check_version(tree)
    found = tree.value.get("kind")
    if isinstance(found, str) and found != kind:
        what = f"this file must be of kind {kind}"
        _refuse(_at(tree, ("kind",), "spec-wrong-kind", what, f"found {describe(found)}"))
    return tree


def validate(shape: type[_S], tree: Tree, value: object) -> tuple[_S | None, list[Finding]]:
    """`value` as `shape`, or None and the findings, placed by `tree`."""
    try:
        return shape.model_validate(value, by_alias=True, by_name=False), []
    except ValidationError as exc:
        errors = exc.errors(include_url=False)[: MAX_FINDINGS + 1]
        return None, make_findings(errors, shape, tree)


def fail(findings: list[Finding], file: str) -> NoReturn:
    """Raise SpecError with all `findings`, or the first of very many."""
    if len(findings) > MAX_FINDINGS:
        what = f"{file} has more than {MAX_FINDINGS} faults; these are the first"
        raise SpecError(what, findings=tuple(findings[:MAX_FINDINGS])) from None
    faults = sum(item.severity is Severity.ERROR for item in findings)
    what = f"{file} has {faults} fault{'' if faults == 1 else 's'}"
    raise SpecError(what, findings=tuple(findings)) from None


def _refuse(finding: Finding) -> NoReturn:
    fail([finding], finding.where.file if finding.where else "the file")


def _at(tree: Tree, path: Path, code: str, what: str, why: str | None) -> Finding:
    return Finding(code=code, what=what, why=why, where=tree.where_value(path))


def _refuse_top(tree: Tree, kind: str) -> NoReturn:
    if tree.value is None:
        what, why = "the file is empty", f"apiVersion, kind: {kind} and what follows are expected"
    else:
        what, why = "the file must hold keys with values", f"found {describe(tree.value)}"
    fix = ("llmplat init --force",) if kind == "Platform" else ()
    where = tree.where_value(())
    _refuse(Finding(code="spec-not-a-mapping", what=what, why=why, fix=fix, where=where))


def _check_version(tree: Tree) -> None:
    found = tree.get(("apiVersion",))
    match = _VERSION.fullmatch(found) if isinstance(found, str) else None
    ours = _VERSION.fullmatch(API_VERSION)
    if match is None or ours is None or _rank(match) <= _rank(ours):
        return
    finding = Finding(
        code="spec-newer-version",
        what=f"apiVersion is {clip(str(found))}",
        where=tree.where_value(("apiVersion",)),
    )
    raise NewerVersionError(
        f"{tree.file} was written for a newer llmplat",
        f"this llmplat reads {API_VERSION}",
        ("uv tool upgrade llmplat",),
        findings=(finding,),
    )


def _rank(match: re.Match[str]) -> tuple[int, int, int]:
    return int(match.group(1)), _STAGE[match.group(2)], int(match.group(3) or 0)


def _unreadable(exc: OSError, file: str) -> tuple[str, str, tuple[str, ...]]:
    if isinstance(exc, FileNotFoundError):
        return f"{file} does not exist", "no file of that name was found", ("llmplat init",)
    if isinstance(exc, IsADirectoryError):
        return (
            f"{file} is a folder",
            "a file is expected",
            (f"llmplat plan -f {file}/platform.yaml",),
        )
    why = exc.strerror or "the system gave no reason"
    return f"{file} cannot be read", why, (f"ls -l {file}",)
