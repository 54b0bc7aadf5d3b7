"""Google's discovery documents, as PyPI's google-api-python-client ships them, and requests checked by them."""

import json
import re
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

WHEEL = "google_api_python_client-2.202.0-py3-none-any.whl"
SHA256 = "aaa90064c9bb642ff1d065b22ca8958a2cb6e345909cefe70d0e5452fc50e08b"
FOLDER = Path.home() / ".cache" / "llmplat-test-tools"
_ANYWHERE = {
    "alt",
    "fields",
    "key",
    "prettyPrint",
    "quotaUser",
    "userIp",
    "$.xgafv",
    "access_token",
}
VERSIONS = {
    "artifactregistry": "v1",
    "cloudbilling": "v1",
    "cloudresourcemanager": "v3",
    "compute": "v1",
    "container": "v1",
    "iamcredentials": "v1",
    "secretmanager": "v1",
    "serviceusage": "v1",
}


def wheel() -> Path:
    """The wheel, fetched once by its hash; the test that needs it is skipped where that cannot be."""
    path = FOLDER / WHEEL
    if not path.is_file():
        FOLDER.mkdir(parents=True, exist_ok=True)
        wanted = f"google-api-python-client==2.202.0 --hash=sha256:{SHA256}\n"
        asked = FOLDER / "discovery.txt"
        asked.write_text(wanted)
        command = ["-m", "pip", "download", "-q", "--no-deps", "--require-hashes"]
        done = subprocess.run(
            [sys.executable, *command, "-d", str(FOLDER), "-r", str(asked)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode or not path.is_file():
            pytest.skip(f"Google's discovery documents cannot be fetched: {done.stderr[-200:]}")
    return path


@cache
def document(api: str, version: str) -> dict:
    """One discovery document."""
    with zipfile.ZipFile(wheel()) as archive:
        name = f"googleapiclient/discovery_cache/documents/{api}.{version}.json"
        return json.loads(archive.read(name))


def faults(
    host: str, method: str, path: str, query: dict[str, list[str]], body: object
) -> list[str]:
    """What is wrong with a request to `host` (compute.googleapis.com), by its discovery document."""
    api = host.removesuffix(".googleapis.com")
    version = "v1beta1" if path.startswith("/v1beta1/") else VERSIONS[api]
    doc = document(api, version)
    spec = _spec(api, version, method, path)
    if spec is None:
        return [f"{api}.{version} has no {method} {path}"]
    wrong = [f"path: {fault}" for fault in _path_faults(doc, spec, path)]
    known = {**doc.get("parameters", {}), **spec.get("parameters", {})}
    for name, values in query.items():
        row = known.get(name)
        if row is None or row.get("location") == "path":
            wrong.append(f"{spec['id']} takes no parameter {name}")
        elif "enum" in row and not set(values) <= set(row["enum"]):
            wrong.append(f"{spec['id']}: {name}={values}")
        elif len(values) > 1 and not row.get("repeated"):
            wrong.append(f"{spec['id']}: {name} is given {len(values)} times")
    required = [
        name
        for name, row in spec.get("parameters", {}).items()
        if row.get("required") and row["location"] == "query" and name not in query
    ]
    wrong += [f"{spec['id']} needs {name}" for name in required]
    if "request" not in spec and body is not None:
        wrong.append(f"{spec['id']} takes no body")
    if "request" in spec:
        wrong += _body_faults(doc, spec["request"], body, "body")
    return wrong


def answer_faults(host: str, method: str, path: str, answer: object) -> list[str]:
    """What is wrong with the fake's own answer, so that it cannot say what Google never would."""
    api = host.removesuffix(".googleapis.com")
    version = "v1beta1" if path.startswith("/v1beta1/") else VERSIONS[api]
    doc, spec = document(api, version), _spec(api, version, method, path)
    if spec is None:
        return []
    return _body_faults(doc, spec["response"], answer, "answer")


def _methods(node: dict):
    yield from node.get("methods", {}).values()
    for inner in node.get("resources", {}).values():
        yield from _methods(inner)


@cache
def _table(api: str, version: str) -> list[tuple[str, re.Pattern[str], dict]]:
    """(HTTP method, what its path looks like, the method) of a whole document, compiled once."""
    doc = document(api, version)
    rows = []
    for spec in _methods(doc):
        template = re.escape("/" + doc["servicePath"] + spec.get("flatPath", spec["path"]))
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+?", template))
        rows.append((spec["httpMethod"], pattern, spec))
    return rows


def _spec(api: str, version: str, method: str, path: str) -> dict | None:
    table = _table(api, version)
    return next((o for verb, look, o in table if verb == method and look.fullmatch(path)), None)


def _path_faults(doc: dict, spec: dict, path: str):
    template = "/" + doc["servicePath"] + spec["path"]
    pattern = re.escape(template)
    pattern = re.sub(r"\\\{\\\+(\w+)\\\}", r"(?P<\1>.+?)", pattern)
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+?)", pattern)
    match = re.fullmatch(pattern, path)
    if match is None:
        yield f"{path} is not {template}"
        return
    for name, value in match.groupdict().items():
        rule = spec["parameters"][name].get("pattern")
        if rule and not re.match(rule, value):
            yield f"{name}={unquote(value)} does not match {rule}"


_TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "object": dict}


def _body_faults(  # noqa: PLR0911 (one a kind)
    doc: dict, schema: dict, value: object, where: str
) -> list[str]:
    if "$ref" in schema:
        schema = doc["schemas"][schema["$ref"]]
    if value is None:
        return [f"{where} is missing"]
    kind = schema.get("type", "any")
    if kind == "array":
        if not isinstance(value, list):
            return [f"{where} is no list"]
        each = (_body_faults(doc, schema["items"], v, f"{where}[{i}]") for i, v in enumerate(value))
        return [fault for one in each for fault in one]
    if kind in _TYPES and not isinstance(value, _TYPES[kind]):
        return [f"{where} is {type(value).__name__}, not {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where} = {value} is not one of {schema['enum'][:8]}"]
    if kind != "object":
        return []
    wrong = []
    for key, inner in value.items():
        row = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
        wrong += (
            [f"{where} has no {key}"] if row is None
            else _body_faults(doc, row, inner, f"{where}.{key}")
        )  # fmt: skip
    return wrong
