"""CustomResourceDefinitions made from the schemas that llmplat ships, where no Go module has them.

The module proxy has External Secrets up to v1 only (seen 2026-11-21); we install v2. What is made here
has its types, patterns, required fields and limits; defaults, CEL rules and versions that are not
served are lost, and whatever stands in the status is taken.
"""

from collections.abc import Iterable
from typing import Any

from llmplat.catalog.schemas import load_group
from tests.cluster.plane.client import Object

_GROUPS = {
    "cloudnative-pg": ("postgresql.cnpg.io",),
    "external-secrets": ("external-secrets.io", "generators.external-secrets.io"),
    "kserve": ("serving.kserve.io",),
}
_ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def reduced_crds(folder: str, kinds: frozenset[tuple[str, str]] | None) -> Iterable[Object]:
    """Those of the API groups that `folder` of a CRD collection holds, of `kinds` only."""
    for group in _GROUPS.get(folder, ()):
        shipped = load_group(group)
        for name, entry in shipped.kinds.items() if shipped else ():
            version, _, kind = name.partition("/")
            if kinds is None or (group, kind) in kinds:
                yield _crd(group, version, kind, entry)


def _crd(group: str, version: str, kind: str, entry: Object) -> Object:
    plural = f"{kind.lower()}s"
    schema = _for_go(entry["schema"])
    schema["properties"]["status"] = _ANYTHING
    served = {
        "name": version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", **schema}},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
            },
            "scope": entry["scope"],
            "versions": [served],
        },
    }


def _for_go(value: Any) -> Any:
    r"""`value` with patterns that end with `$` again, which we keep as Python's `\Z`.

    A list by keys becomes a plain one where a key may be left out: its default is lost.
    """
    if isinstance(value, dict):
        keys = set(value.get("x-kubernetes-list-map-keys") or ())
        is_plain = bool(keys) and not keys <= set(value.get("items", {}).get("required") or ())
        left = {"x-kubernetes-list-map-keys", "x-kubernetes-list-type"} if is_plain else set()
        return {key: _for_go(item) for key, item in value.items() if key not in left}
    if isinstance(value, list):
        return [_for_go(item) for item in value]
    return value.replace(r"\Z", "$") if isinstance(value, str) else value
