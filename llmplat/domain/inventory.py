"""What llmplat itself made in a cluster beside the tree: read before each act, written before it too."""

import json
from dataclasses import asdict, dataclass, replace

from llmplat.domain.cluster import MANAGED_BY, PLATFORM, Object, ObjectRef
from llmplat.domain.foreign_text import parse_json

NAMESPACE = "llmplat-system"
"""Namespace of the claim and the inventory."""
NAME = "llmplat-inventory"
KEY = "inventory.json"
SCHEMA = 1
REF = ObjectRef("v1", "ConfigMap", NAMESPACE, NAME)


@dataclass(frozen=True)
class Inventory:
    """One cluster holds one platform, and this is what is known of it."""

    platform: str
    profile: str = ""
    """Of the last `up` that reached the tree."""
    project: str = ""
    """Cloud project, "" on a cluster that was there."""
    file_digest: str = ""
    """sha256:... of the platform file that was last applied."""
    step: str = ""
    """The step that the last run reached; "done" when it came to its end."""
    delivery: str = ""
    """repoURL that the root follows."""
    root_revision: str = ""
    """Digest of the root's artifact, or the commit, that was last pushed."""
    llmplat: str = ""
    """Version that wrote this."""
    made: tuple[ObjectRef, ...] = ()
    """Objects that llmplat made, or was about to make, beside what Argo CD makes."""
    adopted: tuple[str, ...] = ()
    """What was there before and is used, never removed: "argocd", "crds/gateway.networking.k8s.io"."""
    schema: int = SCHEMA

    def with_made(self, *refs: ObjectRef) -> "Inventory":
        """The same with `refs` among what was made."""
        return replace(self, made=tuple(sorted({*self.made, *refs}, key=str)))

    def without(self, *refs: ObjectRef) -> "Inventory":
        """The same without `refs`."""
        return replace(self, made=tuple(ref for ref in self.made if ref not in refs))


def labels_of(platform: str) -> dict[str, str]:
    """Labels of everything that llmplat makes beside the tree."""
    return {MANAGED_BY: "llmplat", PLATFORM: platform}


def manifest_of(inventory: Inventory) -> Object:
    """The ConfigMap that holds `inventory`."""
    return {
        "apiVersion": REF.api_version,
        "kind": REF.kind,
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": labels_of(inventory.platform)},
        "data": {KEY: json.dumps(asdict(inventory), indent=1, sort_keys=True)},
    }


def parse_inventory(found: Object) -> Inventory:
    """The inventory of its ConfigMap; ValueError for what this version does not read."""
    document = parse_json((found.get("data") or {}).get(KEY) or "{}")
    if not document or not isinstance(document, dict):
        msg = "it holds no inventory"
        raise ValueError(msg)
    if document.get("schema", 0) > SCHEMA:
        msg = f"schema {document['schema']}, this llmplat reads {SCHEMA}"
        raise ValueError(msg)
    known = {name: document[name] for name in Inventory.__dataclass_fields__ if name in document}
    known["made"] = tuple(ObjectRef(**ref) for ref in document.get("made", ()))
    known["adopted"] = tuple(document.get("adopted", ()))
    return Inventory(**known)
