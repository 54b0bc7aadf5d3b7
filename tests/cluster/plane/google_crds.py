"""CustomResourceDefinitions of Google's policies for routes, in the parts that we write.

No Go module has them, and GKE brings its own. Names, types and bounds are those of
https://github.com/GoogleCloudPlatform/gke-gateway-api/tree/main/config/crd (Apache-2.0, commits
16e4950 and 0e9156b, seen 2026-11-22); what we never write is left out, so an API server refuses it.
"""

from typing import Any

from tests.cluster.plane.client import Object

_PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
_SECONDS = {"type": "integer", "minimum": 1, "maximum": 300}
_PATH = {"type": "string", "maxLength": 2048, "pattern": r"\/[A-Za-z0-9\/\-._~%!?$&'()*+,;=:]*$"}


def google_crds() -> list[Object]:
    """HealthCheckPolicy and GCPBackendPolicy."""
    kinds = ("HTTP", "HTTPS", "HTTP2", "TCP", "GRPC")
    http = _keys(port=_PORT, requestPath=_PATH)
    config = {
        **_keys(type={"type": "string", "enum": list(kinds)}, httpHealthCheck=http),
        "minProperties": 2,
        "maxProperties": 2,
    }
    check = _keys(checkIntervalSec=_SECONDS, timeoutSec=_SECONDS, config=config)
    limit = _keys(
        timeoutSec={"type": "integer", "minimum": 1, "maximum": 2147483647},
        logging=_keys(enabled={"type": "boolean"}),
    )
    return [
        _crd("HealthCheckPolicy", "healthcheckpolicies", check),
        _crd("GCPBackendPolicy", "gcpbackendpolicies", limit),
    ]


def _keys(**properties: Any) -> Object:
    return {"type": "object", "properties": properties}


def _target() -> Object:
    dns = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
    word = {"type": "string", "minLength": 1}
    target = _keys(
        group={"type": "string", "maxLength": 253, "pattern": f"^$|{dns}"},
        kind={**word, "maxLength": 63, "pattern": "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$"},
        name={**word, "maxLength": 253},
    )
    return {**target, "required": ["group", "kind", "name"]}


def _crd(kind: str, plural: str, default: Object) -> Object:
    spec = {**_keys(default=default, targetRef=_target()), "required": ["targetRef"]}
    group = "networking.gke.io"
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _keys(spec=spec)},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": [version]},
    }
