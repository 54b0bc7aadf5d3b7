"""Rebuilds llmplat/catalog/data/schemas and charts: `python -m tests.schemas.build`.

CRDs come from the folder LLMPLAT_CRDS (default ../shared/crds, with its SOURCES.tsv); Kubernetes'
own API comes from the Go modules k8s.io/kubernetes and k8s.io/api, fetched with `go mod download`.
"""

import csv
import gzip
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmplat.domain.manifest import Manifest
from llmplat.validate.documents import read_documents
from tests.schemas.charts import CHARTS, charts_of
from tests.schemas.choices import with_choices
from tests.schemas.reduce import reduce_definition, reduce_schema

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "llmplat" / "catalog" / "data" / "schemas"
OUT_CHARTS = OUT.parent / "charts"
CRDS = Path(os.environ.get("LLMPLAT_CRDS", ROOT.parent / "shared" / "crds"))
KUBERNETES = ("1.33.13", "1.34.4", "1.35.4", "1.36.3")
LEFT_OUT = ("experimental", "legacy-v1.5.0", "kaito", "kubeai")
"""Folders not taken: channels and versions that we do not install, and rivals."""

_JSON_FILES = {"kgateway-schemas-datree": "gateway.kgateway.dev"}
_KGATEWAY_KINDS = {"backend": "Backend", "backendconfigpolicy": "BackendConfigPolicy", "directresponse": "DirectResponse", "gatewayextension": "GatewayExtension", "gatewayparameters": "GatewayParameters", "httplistenerpolicy": "HTTPListenerPolicy", "listenerpolicy": "ListenerPolicy", "trafficpolicy": "TrafficPolicy"}  # fmt: skip


def crd_groups(crds: Path) -> dict[str, dict[str, Any]]:
    """What to keep of each API group under `crds`, by the group's name."""
    groups: dict[str, dict[str, Any]] = defaultdict(lambda: {"sources": [], "kinds": {}})
    for row in _rows(crds):
        text = (crds / row["file"]).read_text(encoding="utf-8")
        for name, version, entry in _entries(row["file"], text):
            group = groups[name]
            group["kinds"][version] = entry
            source = f"{row['repository']}@{row['tag']} ({row['licence']})"
            if source not in group["sources"]:
                group["sources"].append(source)
    return dict(sorted(groups.items()))


def kubernetes_api(swagger: dict[str, Any], types: Path, version: str) -> dict[str, Any]:
    """What to keep of Kubernetes' own API: its OpenAPI v2 document, and choices from its types."""
    definitions = swagger["definitions"]
    scopes = dict(_scopes(swagger))
    kinds = {
        "/".join(filter(None, (gvk["group"], gvk["version"], gvk["kind"]))): name
        for name, schema in definitions.items()
        for gvk in schema.get("x-kubernetes-group-version-kind", ())
    }
    reduced = {name: reduce_definition(name, one) for name, one in sorted(definitions.items())}
    with_choices(reduced, types)
    return {
        "sources": [f"kubernetes/kubernetes@v{version} (Apache-2.0)"],
        "kinds": {
            kind: {"scope": scopes[kind], "schema": {"$ref": kinds[kind]}}
            for kind in sorted(kinds)
            if kind in scopes
        },
        "definitions": reduced,
    }


def module_of(name: str, version: str) -> Path:
    """The folder of a Go module, from the module proxy."""
    argv = ["go", "mod", "download", "-json", f"{name}@v{version}"]
    answer = subprocess.run(argv, check=True, capture_output=True, text=True, cwd="/")
    return Path(json.loads(answer.stdout)["Dir"])


def api_from(kubernetes: Path, types: Path, version: str) -> dict[str, Any]:
    """What to keep of Kubernetes `version`, from the folders of its two modules."""
    swagger = json.loads((kubernetes / "api/openapi-spec/swagger.json").read_bytes())
    return kubernetes_api(swagger, types, version)


def pack(content: dict[str, Any]) -> bytes:
    """`content` as compact JSON, compressed, without a clock."""
    return gzip.compress(json.dumps(content, separators=(",", ":")).encode(), 9, mtime=0)


def main() -> None:
    """Write every file anew."""
    made = {f"{name}.json.gz": group for name, group in crd_groups(CRDS).items()}
    for version in KUBERNETES:
        minor = version.rpartition(".")[0]
        folders = (
            module_of("k8s.io/kubernetes", version),
            module_of("k8s.io/api", f"0{version[1:]}"),
        )
        made[f"kubernetes-{minor}.json.gz"] = api_from(*folders, version)
    _write(OUT, made)
    _write(OUT_CHARTS, {f"{name}.json.gz": chart for name, chart in charts_of(CHARTS).items()})


def _write(folder: Path, made: dict[str, dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json.gz"):
        if old.name not in made:
            old.unlink()
    for name, content in made.items():
        (folder / name).write_bytes(pack(content))
    sys.stderr.write(f"{len(made)} files written under {folder}\n")


def _rows(crds: Path) -> Iterator[dict[str, str]]:
    with (crds / "SOURCES.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if not any(part in LEFT_OUT for part in Path(row["file"]).parts):
                yield row


def _entries(file: str, text: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Group, version/kind and entry of each kind that a file declares."""
    folder = Path(file).parts[0]
    if folder in _JSON_FILES:
        kind, _, version = Path(file).stem.partition("_")
        entry = {"scope": "Namespaced", "schema": reduce_schema(json.loads(text))}
        yield _JSON_FILES[folder], f"{version}/{_KGATEWAY_KINDS[kind]}", entry
        return
    for document in (one.value for one in read_documents(Manifest(file, text))):
        if document["kind"] == "CustomResourceDefinition":
            yield from _versions(document)


def _versions(crd: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    spec = crd["spec"]
    size = len(json.dumps(crd, separators=(",", ":")).encode())
    for version in spec["versions"]:
        if version["served"]:
            schema = reduce_schema(version["schema"]["openAPIV3Schema"])
            entry = {"scope": spec["scope"], "crd_bytes": size, "schema": schema}
            yield spec["group"], f"{version['name']}/{spec['names']['kind']}", entry


def _scopes(swagger: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every kind that can be created, and whether it lives in a namespace."""
    for path, operations in swagger["paths"].items():
        create = operations.get("post", {})
        gvk = create.get("x-kubernetes-group-version-kind")
        if gvk and create.get("x-kubernetes-action") == "post" and path.count("{name}") == 0:
            kind = "/".join(filter(None, (gvk["group"], gvk["version"], gvk["kind"])))
            yield kind, "Namespaced" if "{namespace}" in path else "Cluster"


if __name__ == "__main__":
    main()
