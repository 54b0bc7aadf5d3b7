"""Kubeconfig files and the name of a context -> how to reach one API server, and as whom."""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from llmplat.domain.errors import ClusterUnreachableError

Entry = dict[str, Any]


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
    files = _files(env)
    documents = [(file, _read(file)) for file in files if file.is_file()]
    if not documents:
        raise ClusterUnreachableError(
            f"There is no kubeconfig for the context {context!r}.",
            f"looked at {', '.join(str(file) for file in files)}",
            ("export KUBECONFIG=/path/to/kubeconfig", "kubectl config get-contexts"),
        )
    found = _named(documents, "contexts", context)
    if found is None:
        known = sorted(
            {str(one.get("name")) for _, it in documents for one in it.get("contexts") or ()}
        )
        raise ClusterUnreachableError(
            f"No kubeconfig has the context {context!r}.",
            f"{', '.join(str(file) for file, _ in documents)} has: {', '.join(known) or 'none'}",
            ("kubectl config get-contexts", "set substrate.cluster.context to one of them"),
        )
    part = found[1].get("context") or {}
    cluster = _named(documents, "clusters", str(part.get("cluster")))
    user = _named(documents, "users", str(part.get("user")))
    if cluster is None or not (cluster[1].get("cluster") or {}).get("server"):
        raise ClusterUnreachableError(
            f"The context {context!r} leads to no server.",
            f"{found[0]} has no cluster {part.get('cluster')!r} with a server",
            (f"kubectl config view --context {context} --minify",),
        )
    return _access(context, cluster, user or (found[0], {}))


def _files(env: Mapping[str, str]) -> tuple[Path, ...]:
    named = [Path(name) for name in env.get("KUBECONFIG", "").split(os.pathsep) if name]
    if named:
        return tuple(named)
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    return (home / ".kube" / "config",)


def _read(file: Path) -> Entry:
    try:
        document = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ClusterUnreachableError(
            f"The kubeconfig {file} cannot be read.",
            str(error).splitlines()[0],
            (f"kubectl config view --kubeconfig {file}",),
        ) from error
    return document if isinstance(document, dict) else {}


def _named(documents: list[tuple[Path, Entry]], kind: str, name: str) -> tuple[Path, Entry] | None:
    """The first entry of that name, as kubectl merges files."""
    for file, document in documents:
        for entry in document.get(kind) or ():
            if entry.get("name") == name:
                return file, entry
    return None


def _access(context: str, cluster: tuple[Path, Entry], user: tuple[Path, Entry]) -> KubeAccess:
    where, who = cluster[1]["cluster"], user[1].get("user") or {}
    token_file = who.get("tokenFile")
    return KubeAccess(
        context=context,
        server=str(where["server"]).rstrip("/"),
        authority=_pem(cluster[0], where, "certificate-authority"),
        is_insecure=bool(where.get("insecure-skip-tls-verify")),
        tls_server_name=where.get("tls-server-name"),
        proxy_url=where.get("proxy-url"),
        certificate=_pem(user[0], who, "client-certificate"),
        key=_pem(user[0], who, "client-key"),
        token=who.get("token"),
        token_file=user[0].parent / token_file if token_file else None,
        username=who.get("username"),
        password=who.get("password"),
        plugin=_plugin(user[0], who.get("exec")),
    )


def _pem(file: Path, entry: Entry, name: str) -> bytes | None:
    try:
        if entry.get(f"{name}-data"):
            return base64.b64decode(entry[f"{name}-data"], validate=True)
        return (file.parent / entry[name]).read_bytes() if entry.get(name) else None
    except (OSError, binascii.Error) as error:
        raise ClusterUnreachableError(
            f"The {name} of the kubeconfig {file} cannot be read.",
            str(error),
            (f"kubectl config view --kubeconfig {file}",),
        ) from error


def _plugin(file: Path, entry: Entry | None) -> ExecPlugin | None:
    if not entry:
        return None
    return ExecPlugin(
        api_version=str(entry.get("apiVersion", "")),
        command=str(entry.get("command", "")),
        args=tuple(str(word) for word in entry.get("args") or ()),
        env=tuple((str(it["name"]), str(it["value"])) for it in entry.get("env") or ()),
        install_hint=str(entry.get("installHint") or "").strip(),
        needs_cluster_info=bool(entry.get("provideClusterInfo")),
        folder=file.parent,
    )
