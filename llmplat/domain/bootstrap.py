"""What the program infra/bootstrap is told: which Argo CD, with which values; no secrets in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class BootstrapInputs:
    """One Argo CD, installed once."""

    platform: str
    kubeconfig: str
    """Path of the file, "" for those that KUBECONFIG names; its content never passes here."""
    context: str
    namespace: str
    pod_security: str
    """Pod Security level of the namespace."""
    chart: str
    repository: str
    """oci://host/path without the chart's name."""
    version: str
    values: Mapping[str, Any]
    labels: Mapping[str, str]


def read_inputs(document: Mapping[str, Any]) -> BootstrapInputs:
    """The inputs of a JSON document with camelCase keys; KeyError names a key that is missing."""
    values = {**document, "pod_security": document["podSecurity"]}
    return BootstrapInputs(**{name: values[name] for name in BootstrapInputs.__dataclass_fields__})
