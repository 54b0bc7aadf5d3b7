"""Any document -> the hosts that something in it would be fetched from, each with its place."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*"
_ADDRESS = re.compile(
    rf"\b(?!(?:hf|demo|file)://)[a-z][a-z0-9+.-]*://(?:[^\s/@]*@)?({_HOST}|\[[0-9a-f:]+\]|[\d.]+\d)(:\d+)?"
)
_IMAGE = re.compile(
    rf"(?<![\w./@:-])({_HOST}|localhost|[\w-]+(?=:\d))(:\d+)?/[a-z0-9._/-]*[a-z0-9]"
    r"(?=:[A-Za-z0-9_]|@sha256:)"
)
_NAMED = re.compile(rf"({_HOST})(:\d+)?(?:/[\w./-]+)?")
_NAMING = re.compile(r"(image|registry|repository|repo|hub|endpoint|smarthost)$", re.IGNORECASE)
"""Keys whose whole value is a host, or a place on one, even without a tag."""
_PLACE = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^\s/@]*@)?(\[[^\]]+\]|[^/:\s]+)(:\d+)?")
_LINKS = {"description", "runbook_url", "api-approved.kubernetes.io"}
"""Keys of words and links for people: nothing is fetched from there."""
_HERE = re.compile(
    r"127\.[0-9.]+|0\.0\.0\.0|\[::1?\]|[^.\[]+|.*\.svc|.*\.cluster\.local|metadata\.google\.internal"
)
"""The last is a link-local name of Google's own machines, who they are is asked there."""

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class HostAt:
    """One host in a document."""

    path: Path
    host: str
    """In lower case, with its port where one is given."""
    text: str
    """The value that names it."""


def hosts_in(document: Any, path: Path = ()) -> Iterator[HostAt]:  # noqa: ANN401 (any YAML)
    """Every host that a value of `document` names, but this machine and the cluster itself.

    Addresses anywhere in a text, images with a tag or digest anywhere in a text, and whole values
    under keys such as image, registry and repository. Keys, descriptions and links for people are
    not looked at: nothing is fetched from them.
    """
    if isinstance(document, dict):
        for key, value in document.items():
            if key not in _LINKS:
                yield from hosts_in(value, (*path, str(key)))
    elif isinstance(document, list | tuple):
        for index, value in enumerate(document):
            yield from hosts_in(value, (*path, index))
    elif isinstance(document, str):
        named = dict.fromkeys(_in_text(document, str(path[-1]) if path else ""))
        yield from (HostAt(path, host, document) for host in named)


def host_of(address: str) -> str:
    """host[:port] of scheme://host/path, host:port/path, or git's user@host:path, in lower case."""
    found = _PLACE.match(address)
    return (found[1] + (found[2] or "")).lower() if found else ""


def is_allowed(host: str, allowed: Collection[str]) -> bool:
    """Whether `allowed` has `host`, or *.domain that it lies below."""
    above = host.partition(".")[2]
    return host in allowed or (bool(above) and is_below(above, allowed))


def is_below(domain: str, allowed: Collection[str]) -> bool:
    """Whether `allowed` has *.`domain`, or that of a domain above it."""
    return f"*.{domain}" in allowed or (
        "." in domain and is_below(domain.partition(".")[2], allowed)
    )


def is_here(host: str) -> bool:
    """Whether `host` is this machine or a name inside the cluster."""
    name = host if host.startswith("[") else host.rpartition(":")[0] or host
    return _HERE.fullmatch(name) is not None


def _in_text(text: str, key: str) -> Iterator[str]:
    found = _in_lines(text) if "/" in text else []
    if _NAMING.search(key) and (whole := _NAMED.fullmatch(text)):
        found.append(whole)
    for match in found:
        host = (match[1] + (match[2] or "")).lower()
        if not is_here(host):
            yield host


def _in_lines(text: str) -> list[re.Match[str]]:
    """Neither kind crosses a line, and most lines of a long text (a program in a ConfigMap) name nothing."""
    lines = "\n".join(line for line in text.splitlines() if "/" in line)
    return [*_ADDRESS.finditer(lines), *_IMAGE.finditer(lines)]
