"""Names, namespaces and labels by the rules of Kubernetes, which no schema tells.

https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and .../labels/
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from llmplat.domain.errors import Finding
from llmplat.validate.documents import Document
from llmplat.validate.faults import Path
from llmplat.validate.kinds import Kind, Kinds
from llmplat.validate.objects import Object, dict_or_empty
from llmplat.validate.positions import Positions
from llmplat.validate.schemas import name_of

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_PATH_SEGMENT = re.compile(r"(?!\.{1,2}$)[^/%]+")
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_KEY = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_RBAC = "rbac.authorization.k8s.io/"


def check_names(
    documents: Iterable[Document], kinds: Kinds, positions: Positions
) -> Iterator[Finding]:
    """A finding for each name, namespace or label that the API server refuses."""
    for document in documents:
        value = document.value
        if not isinstance(value, dict) or not isinstance(value.get("metadata"), dict):
            continue
        one = Object(document)
        kind = kinds.find(str(value.get("apiVersion")), str(value.get("kind")))
        for path, what in (*_names(one, kind), *_labels(one)):
            yield Finding(
                "manifest-name",
                f"{name_of(value)}: {what}.",
                why="The API server would refuse it.",
                fix=("rename it",),
                where=positions.where(document, path),
            )


def _names(one: Object, kind: object) -> Iterator[tuple[Path, str]]:
    if not one.name and not one.metadata.get("generateName"):
        yield ("metadata",), "it has no name"
    elif one.name and not _is_name(one.kind, one.name):
        yield ("metadata", "name"), f"{one.name!r} is no name for a {one.kind.rpartition('/')[2]}"
    if isinstance(kind, Kind) and not kind.is_namespaced and one.namespace:
        yield ("metadata", "namespace"), "its kind lives in no namespace"


def _labels(one: Object) -> Iterator[tuple[Path, str]]:
    for part in ("labels", "annotations"):
        for key, value in dict_or_empty(one.metadata.get(part)).items():
            if not _is_key(str(key)):
                yield ("metadata", part, key), f"{key!r} is no key for {part}"
            elif part == "labels" and isinstance(value, str) and not _is_value(value):
                yield ("metadata", part, key), f"{value!r} is no value for a label"


@lru_cache(maxsize=4096)
def _is_name(kind: str, name: str) -> bool:
    if kind.startswith(_RBAC):
        return bool(_PATH_SEGMENT.fullmatch(name))
    if kind == "Namespace":
        return len(name) <= 63 and bool(_LABEL_NAME.fullmatch(name))
    if kind == "Service":
        return len(name) <= 63 and bool(_SERVICE.fullmatch(name))
    return len(name) <= 253 and bool(_SUBDOMAIN.fullmatch(name))


@lru_cache(maxsize=4096)
def _is_key(key: str) -> bool:
    prefix, _, name = key.rpartition("/")
    is_prefix = not prefix or (len(prefix) <= 253 and bool(_SUBDOMAIN.fullmatch(prefix)))
    return is_prefix and len(name) <= 63 and bool(_KEY.fullmatch(name))


@lru_cache(maxsize=4096)
def _is_value(value: str) -> bool:
    return len(value) <= 63 and bool(_VALUE.fullmatch(value))
