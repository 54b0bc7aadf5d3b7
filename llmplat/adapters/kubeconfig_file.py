"""One kubeconfig file as kubectl types it: what we read of it is a text, a switch or a list, else refused.

Fields: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError

from llmplat.domain.errors import ClusterUnreachableError
from llmplat.domain.foreign_text import parse_yaml


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
        hide_input_in_errors=True,
    )


class ClusterPart(_Part):
    """Where an API server is."""

    server: StrictStr | None = None
    certificate_authority: StrictStr | None = None
    certificate_authority_data: StrictStr | None = None
    insecure_skip_tls_verify: StrictBool | None = None
    tls_server_name: StrictStr | None = None
    proxy_url: StrictStr | None = None


class Variable(_Part):
    """One of a plugin's environment."""

    name: StrictStr
    value: StrictStr = ""


class ExecPart(_Part):
    """A program that is asked for a credential."""

    api_version: StrictStr | None = Field(None, alias="apiVersion")
    command: StrictStr | None = None
    args: tuple[StrictStr, ...] | None = None
    env: tuple[Variable, ...] | None = None
    install_hint: StrictStr | None = Field(None, alias="installHint")
    provide_cluster_info: StrictBool | None = Field(None, alias="provideClusterInfo")


class UserPart(_Part):
    """As whom to ask."""

    token: StrictStr | None = None
    token_file: StrictStr | None = Field(None, alias="tokenFile")
    client_certificate: StrictStr | None = None
    client_certificate_data: StrictStr | None = None
    client_key: StrictStr | None = None
    client_key_data: StrictStr | None = None
    username: StrictStr | None = None
    password: StrictStr | None = None
    exec: ExecPart | None = None


class ContextPart(_Part):
    """Which cluster, and as which user."""

    cluster: StrictStr | None = None
    user: StrictStr | None = None


class NamedContext(_Part):
    """An entry of `contexts`."""

    name: StrictStr | None = None
    context: ContextPart | None = None


class NamedCluster(_Part):
    """An entry of `clusters`."""

    name: StrictStr | None = None
    cluster: ClusterPart | None = None


class NamedUser(_Part):
    """An entry of `users`."""

    name: StrictStr | None = None
    user: UserPart | None = None


class KubeconfigFile(_Part):
    """What is read of one file; null and absent are the same."""

    contexts: tuple[NamedContext, ...] | None = None
    clusters: tuple[NamedCluster, ...] | None = None
    users: tuple[NamedUser, ...] | None = None


def read_file(file: Path) -> KubeconfigFile:
    """What `file` says; ClusterUnreachableError names the place of what cannot be, never its value."""
    try:
        document = parse_yaml(file.read_text("utf-8"))
        return KubeconfigFile.model_validate(document or {})
    except ValidationError as error:
        raise _unreadable(file, "; ".join(_faults(error))) from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise _unreadable(file, str(error).splitlines()[0]) from error


def _faults(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_input=False, include_url=False)[:3]:
        place = ".".join(str(step) for step in one["loc"]) or "the file"
        yield f"{place}: {one['msg'].lower().replace('tuple', 'list')}"


def _unreadable(file: Path, why: str) -> ClusterUnreachableError:
    return ClusterUnreachableError(
        f"The kubeconfig {file} cannot be read.",
        why,
        (f"kubectl config view --kubeconfig {file}",),
    )
