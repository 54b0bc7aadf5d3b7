"""Kubeconfig files and the name of a context -> how to reach one API server, and as whom."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmplat.adapters.kubeconfig_file import (
    ClusterPart,
    ContextPart,
    ExecPart,
    KubeconfigFile,
    UserPart,
    read_file,
)
from llmplat.domain.errors import ClusterUnreachableError


@dataclass(frozen=True)
class ExecPlugin:
    """A program that is asked for a credential (client.authentication.k8s.io)."""

    api_version: str
    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    install_hint: str = ""
    needs_cluster_info: bool = False
    folder: Path | None = None
    """A command with a slash is relative to it."""


@dataclass(frozen=True)
class KubeAccess:
    """One context, resolved; secrets stay out of its repr."""

    context: str
    server: str
    authority: bytes | None = field(default=None, repr=False)
    """PEM; None: the system's authorities."""
    is_insecure: bool = False
    tls_server_name: str | None = None
    proxy_url: str | None = None
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    plugin: ExecPlugin | None = None


def read_access(context: str, env: Mapping[str, str]) -> KubeAccess:
    """The context of that name in the files of KUBECONFIG, else in ~/.kube/config.

    Raises:
        ClusterUnreachableError: no file, no such context, or one that leads nowhere.
    """
    paths = _files(env)
    files = [(path, read_file(path)) for path in paths if path.is_file()]
    if not files:
        raise ClusterUnreachableError(
            f"There is no kubeconfig for the context {context!r}.",
            f"looked at {', '.join(str(path) for path in paths)}",
            ("export KUBECONFIG=/path/to/kubeconfig", "kubectl config get-contexts"),
        )
    found = next(
        ((path, one) for path, it in files for one in it.contexts or () if one.name == context),
        None,
    )
    if found is None:
        raise _no_context(context, files)
    part = found[1].context or ContextPart()
    clusters = ((path, one) for path, it in files for one in it.clusters or ())
    cluster = next(
        ((path, one.cluster) for path, one in clusters if one.name == part.cluster), None
    )
    users = ((path, one) for path, it in files for one in it.users or ())
    user = next(((path, one.user) for path, one in users if one.name == part.user), None)
    if cluster is None or cluster[1] is None or not cluster[1].server:
        raise ClusterUnreachableError(
            f"The context {context!r} leads to no server.",
            f"{found[0]} has no cluster {part.cluster!r} with a server",
            (f"kubectl config view --context {context} --minify",),
        )
    return _access(context, (cluster[0], cluster[1]), user or (found[0], None))


def _no_context(context: str, files: list[tuple[Path, KubeconfigFile]]) -> ClusterUnreachableError:
    known = sorted({str(one.name) for _, it in files for one in it.contexts or ()})
    return ClusterUnreachableError(
        f"No kubeconfig has the context {context!r}.",
        f"{', '.join(str(path) for path, _ in files)} has: {', '.join(known) or 'none'}",
        ("kubectl config get-contexts", "set substrate.cluster.context to one of them"),
    )


def _files(env: Mapping[str, str]) -> tuple[Path, ...]:
    named = [Path(name) for name in env.get("KUBECONFIG", "").split(os.pathsep) if name]
    if named:
        return tuple(named)
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    return (home / ".kube" / "config",)


def _access(
    context: str, cluster: tuple[Path, ClusterPart], user: tuple[Path, UserPart | None]
) -> KubeAccess:
    (file, where), beside, who = cluster, user[0].parent, user[1] or UserPart()
    authority = (where.certificate_authority_data, where.certificate_authority)
    return KubeAccess(
        context=context,
        server=str(where.server).rstrip("/"),
        authority=_pem(file, "certificate-authority", *authority),
        is_insecure=bool(where.insecure_skip_tls_verify),
        tls_server_name=where.tls_server_name,
        proxy_url=where.proxy_url,
        certificate=_pem(
            user[0], "client-certificate", who.client_certificate_data, who.client_certificate
        ),
        key=_pem(user[0], "client-key", who.client_key_data, who.client_key),
        token=who.token,
        token_file=beside / who.token_file if who.token_file else None,
        username=who.username,
        password=who.password,
        plugin=_plugin(beside, who.exec),
    )


def _pem(file: Path, name: str, data: str | None, path: str | None) -> bytes | None:
    try:
        if data:
            return base64.b64decode(data, validate=True)
        return (file.parent / path).read_bytes() if path else None
    except (OSError, ValueError) as error:  # binascii.Error is a ValueError
        raise ClusterUnreachableError(
            f"The {name} of the kubeconfig {file} cannot be read.",
            str(error),
            (f"kubectl config view --kubeconfig {file}",),
        ) from error


def _plugin(folder: Path, entry: ExecPart | None) -> ExecPlugin | None:
    if entry is None:
        return None
    return ExecPlugin(
        api_version=entry.api_version or "",
        command=entry.command or "",
        args=entry.args or (),
        env=tuple((one.name, one.value) for one in entry.env or ()),
        install_hint=(entry.install_hint or "").strip(),
        needs_cluster_info=bool(entry.provide_cluster_info),
        folder=folder,
    )
