"""Every object against the schema of its kind."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from llmplat.domain.errors import Finding, Severity
from llmplat.validate.documents import Document
from llmplat.validate.faults import Fault, Path
from llmplat.validate.kinds import Kind, Kinds, Unknown
from llmplat.validate.positions import Positions

CRD = "CustomResourceDefinition"


def check_schemas(
    documents: Iterable[Document], kinds: Kinds, positions: Positions
) -> Iterator[Finding]:
    """A finding for each place where an object is not what its kind allows."""
    for document in documents:
        value = document.value
        if not isinstance(value, dict) or not _is_named(value):
            yield _not_an_object(document, positions)
            continue
        kind = kinds.find(value["apiVersion"], value["kind"])
        if isinstance(kind, Kind):
            faults = kind.check(value)
            if faults:
                yield from (_finding(fault, document, positions) for fault in faults)
        else:
            yield _unknown_kind(kind, document, kinds, positions)


def name_of(value: dict[str, object]) -> str:
    """An object as people name it: Deployment models-a/engine."""
    metadata = value.get("metadata")
    facts = metadata if isinstance(metadata, dict) else {}
    name = facts.get("name") or facts.get("generateName") or "without a name"
    namespace = facts.get("namespace")
    return f"{value.get('kind')} {namespace}/{name}" if namespace else f"{value.get('kind')} {name}"


def spell_path(path: Path) -> str:
    """`path` as people write it: spec.ports[0].port."""
    text = ""
    for step in path:
        is_plain = isinstance(step, str) and step.replace("-", "").replace("_", "").isalnum()
        if isinstance(step, int):
            text += f"[{step}]"
        elif is_plain:
            text += f".{step}" if text else str(step)
        else:
            text += f'["{step}"]'
    return text or "the object"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant."""
    plain = {item.lower(): item for item in known}
    near = get_close_matches(word.lower(), plain, n=1, cutoff=0.6)
    return plain[near[0]] if near else None


def _is_named(value: dict[str, object]) -> bool:
    return isinstance(value.get("apiVersion"), str) and isinstance(value.get("kind"), str)


def _finding(fault: Fault, document: Document, positions: Positions) -> Finding:
    is_key = fault.is_unknown_key
    path = spell_path(fault.path[:-1] if is_key else fault.path)
    word = str(fault.path[-1]) if is_key else ""
    meant = nearest(word, fault.known) if is_key else None
    fix = f"write {meant}" if meant else "see `kubectl explain`" if not fault.known else None
    return Finding(
        "manifest-schema",
        f"{name_of(document.value)}: {path}: {fault.what}.",
        why=f"Did you mean {meant}?" if meant else "The API server would refuse it.",
        fix=(fix or f"one of: {', '.join(fault.known[:20])}",),
        where=positions.where(document, fault.path),
    )


def _not_an_object(document: Document, positions: Positions) -> Finding:
    return Finding(
        "manifest-not-an-object",
        f"{document.file}: a document without apiVersion and kind.",
        why="It is no Kubernetes object, so nothing in it was checked.",
        fix=("keep only manifests in this folder",),
        where=positions.where(document, ()),
        severity=Severity.WARNING,
    )


def _unknown_kind(why: Unknown, document: Document, kinds: Kinds, positions: Positions) -> Finding:
    value = document.value
    api_version, kind = value["apiVersion"], value["kind"]
    candidates = kinds.known(api_version)
    same = [name for name in candidates if name.endswith(f"/{kind}")]
    meant = same[-1] if same else nearest(f"{api_version}/{kind}", candidates)
    is_unknown_group = why is Unknown.GROUP
    return Finding(
        "manifest-unknown-kind",
        f"{name_of(value)}: {api_version} {kind} was not checked: {why.value}.",
        why=None if is_unknown_group else "The API server would refuse it.",
        fix=(f"write {meant}" if meant else "put its CRD into the folder",),
        where=positions.where(document, ("kind",)),
        severity=Severity.WARNING if is_unknown_group else Severity.ERROR,
    )
