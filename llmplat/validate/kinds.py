"""Which schema an object answers to: the shipped ones, and the CRDs that stand beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from llmplat.catalog.schemas import GroupSchemas, load_group, load_kubernetes
from llmplat.validate.documents import Document
from llmplat.validate.faults import Check
from llmplat.validate.objects import dict_or_empty, list_or_empty
from llmplat.validate.schema import PRESERVE, Compiler

_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


class Unknown(Enum):
    """Why there is no schema of a kind."""

    GROUP = "no schema of its API group is shipped"
    VERSION = "its API group does not serve that version"
    KIND = "its API group has no such kind in that version"


@dataclass(frozen=True)
class Kind:
    """One kind of object that the API serves."""

    check: Check
    is_namespaced: bool


class Kinds:
    """Every kind there is, compiled when it is first asked for."""

    def __init__(self, kubernetes: str, crds: Iterable[Document] = ()) -> None:
        self._built_in = load_kubernetes(kubernetes)
        self._compiler = Compiler(self._built_in.definitions)
        self._metadata = self._compiler.compile({"$ref": _OBJECT_META})
        self._groups: dict[str, GroupSchemas | None] = {}
        self._kinds: dict[tuple[str, str], Kind | Unknown] = {}
        self._own = _declared(crds)

    def find(self, api_version: str, kind: str) -> Kind | Unknown:
        """The kind that `api_version` and `kind` name, or why there is none."""
        key = (api_version, kind)
        if key not in self._kinds:
            self._kinds[key] = self._find(api_version, kind)
        return self._kinds[key]

    def known(self, api_version: str) -> tuple[str, ...]:
        """Versions and kinds of the group of `api_version`, as apiVersion/kind."""
        group = api_version.rpartition("/")[0]
        outside = self._group(group)
        shipped = [f"{group}/{name}" for name in outside.kinds] if outside else []
        inside = [
            name
            for name in self._built_in.kinds
            if name.rpartition("/")[0].startswith(api_version.partition("/")[0])
        ]
        return tuple(
            sorted(
                {
                    *shipped,
                    *inside,
                    *(f"{a}/{k}" for a, k in self._own if a.startswith(f"{group}/")),
                }
            )
        )

    def _find(self, api_version: str, kind: str) -> Kind | Unknown:
        name = f"{api_version}/{kind}"
        if name in self._built_in.kinds:
            return self._make(self._built_in.kinds[name], self._compiler)
        if (api_version, kind) in self._own:
            return self._make(self._own[api_version, kind], self._custom({}))
        group, _, version = api_version.rpartition("/")
        outside = self._group(group)
        if outside is None:
            return Unknown.GROUP if self._is_foreign(group) else self._missing(api_version)
        entry = outside.kinds.get(f"{version}/{kind}")
        if entry is None:
            versions = {known.partition("/")[0] for known in outside.kinds}
            return Unknown.KIND if version in versions else Unknown.VERSION
        return self._make(entry, self._custom(outside.definitions))

    def _custom(self, definitions: Mapping[str, Any]) -> Compiler:
        return Compiler(definitions, self._metadata, is_null_absent=False)

    def _missing(self, api_version: str) -> Unknown:
        has_version = any(n.rpartition("/")[0] == api_version for n in self._built_in.kinds)
        return Unknown.KIND if has_version else Unknown.VERSION

    def _is_foreign(self, group: str) -> bool:
        """Whether nothing here knows the group."""
        own = {api_version.rpartition("/")[0] for api_version, _ in self._own}
        built_in = {n.rpartition("/")[0].rpartition("/")[0] for n in self._built_in.kinds}
        return group not in own and group not in built_in

    def _group(self, group: str) -> GroupSchemas | None:
        if group not in self._groups:
            self._groups[group] = load_group(group)
        return self._groups[group]

    @staticmethod
    def _make(entry: Mapping[str, Any], compiler: Compiler) -> Kind:
        schema = entry["schema"]
        check = compiler.compile(schema, is_resource="$ref" not in schema)
        return Kind(check, entry["scope"] == "Namespaced")


def _declared(crds: Iterable[Document]) -> dict[tuple[str, str], dict[str, Any]]:
    """The kinds that CRDs of the same tree declare; what they say badly is told elsewhere."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for document in crds:
        spec = dict_or_empty(document.value.get("spec"))
        for version in map(dict_or_empty, list_or_empty(spec.get("versions"))):
            schema = dict_or_empty(dict_or_empty(version.get("schema")).get("openAPIV3Schema"))
            kind = str(dict_or_empty(spec.get("names")).get("kind", ""))
            found[f"{spec.get('group')}/{version.get('name')}", kind] = {
                "scope": spec.get("scope"),
                "schema": schema or {PRESERVE: True},
            }
    return found
