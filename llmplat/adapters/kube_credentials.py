"""A kubeconfig's user -> the header and the certificate that it signs in with."""

import base64
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from llmplat.adapters.kubeconfig import ExecPlugin, KubeAccess
from llmplat.domain.errors import ClusterUnreachableError
from llmplat.domain.foreign_text import parse_json

_PLUGIN_WITHIN_S = 60.0
_EARLY = timedelta(seconds=30)
"""A credential that is about to end is not used any more."""


@dataclass(frozen=True)
class Credential:
    """What one request is signed in with; never printed."""

    authorization: str | None = field(default=None, repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)
    expires: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether it ended, or is about to."""
        return self.expires is not None and datetime.now(UTC) + _EARLY >= self.expires


class _Status(BaseModel):
    """What a plug-in answers (client.authentication.k8s.io/v1, ExecCredentialStatus)."""

    model_config = ConfigDict(hide_input_in_errors=True)

    token: StrictStr | None = None
    certificate: StrictStr | None = Field(None, alias="clientCertificateData")
    key: StrictStr | None = Field(None, alias="clientKeyData")
    ends: StrictStr | None = Field(None, alias="expirationTimestamp")


def make_credential(access: KubeAccess, env: Mapping[str, str]) -> Credential:
    """Read, or ask the plug-in for, what `access` signs in with.

    Raises:
        ClusterUnreachableError: a token file or a plug-in gives nothing; its last words are told.
    """
    if access.plugin is not None:
        return _ask(access.plugin, access, env)
    certificate, key = access.certificate, access.key
    token = access.token
    if access.token_file is not None:
        token = _token(access)
    if token:
        return Credential(f"Bearer {token}", certificate, key)
    if access.username and access.password:
        pair = f"{access.username}:{access.password}".encode()
        return Credential(f"Basic {base64.b64encode(pair).decode()}", certificate, key)
    return Credential(None, certificate, key)


def _token(access: KubeAccess) -> str:
    try:
        return access.token_file.read_text("utf-8").strip() if access.token_file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ClusterUnreachableError(
            f"The token of the context {access.context!r} cannot be read.",
            f"{access.token_file}: {getattr(error, 'strerror', None) or 'it is no text'}",
            (f"kubectl config view --context {access.context} --minify",),
        ) from error


def _ask(plugin: ExecPlugin, access: KubeAccess, env: Mapping[str, str]) -> Credential:
    said = _run(plugin, access, env)
    try:
        status = _Status.model_validate(parse_json(said)["status"])
        expires = _moment(status.ends) if status.ends else None
    except (ValueError, KeyError, TypeError):
        # What it said may be a token: not shown, and not kept as the cause either.
        raise _failed(plugin, access, "it printed no ExecCredential") from None
    if not status.token and not status.certificate:
        raise _failed(plugin, access, "its ExecCredential holds neither a token nor a certificate")
    return Credential(
        f"Bearer {status.token}" if status.token else None,
        (status.certificate or "").encode() or None,
        (status.key or "").encode() or None,
        expires,
    )


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _run(plugin: ExecPlugin, access: KubeAccess, env: Mapping[str, str]) -> str:
    command = plugin.command
    if "/" in command and plugin.folder is not None:
        command = str(plugin.folder / command)
    info = {
        "apiVersion": plugin.api_version,
        "kind": "ExecCredential",
        "spec": {"interactive": False, **_cluster_info(plugin, access)},
    }
    whole = {**env, **dict(plugin.env), "KUBERNETES_EXEC_INFO": json.dumps(info)}
    try:
        done = subprocess.run(
            [command, *plugin.args],
            env=whole,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PLUGIN_WITHIN_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise _failed(plugin, access, "there is no such program on the PATH") from error
    except OSError as error:
        raise _failed(plugin, access, error.strerror or "it cannot be started") from error
    except subprocess.TimeoutExpired as error:
        raise _failed(plugin, access, f"no answer within {_PLUGIN_WITHIN_S:.0f} s") from error
    if done.returncode != 0:
        last = [line for line in done.stderr.strip().splitlines() if line.strip()][-3:]
        why = f"it ended with {done.returncode}" + (f": {' | '.join(last)}" if last else "")
        raise _failed(plugin, access, why)
    return done.stdout


def _cluster_info(plugin: ExecPlugin, access: KubeAccess) -> dict[str, object]:
    if not plugin.needs_cluster_info:
        return {}
    authority = base64.b64encode(access.authority).decode() if access.authority else None
    cluster = {"server": access.server, "certificate-authority-data": authority}
    return {"cluster": {name: value for name, value in cluster.items() if value}}


def _failed(plugin: ExecPlugin, access: KubeAccess, why: str) -> ClusterUnreachableError:
    hint = (plugin.install_hint.splitlines()[0],) if plugin.install_hint else ()
    return ClusterUnreachableError(
        f"The context {access.context!r} signs in by {plugin.command}, which gave nothing.",
        why,
        (*hint, f"kubectl --context {access.context} version", "sign in again with your provider"),
    )
