"""A Helm repository on a plain web server -> the digest of one of its charts, or its archive."""

import hashlib
from urllib.parse import urljoin

import httpx
import yaml

from llmplat.adapters.web_trust import web_trust
from llmplat.domain.errors import DownloadError, InputError
from llmplat.domain.foreign_text import parse_yaml

_TIMEOUT_S = 60


def find_chart_digest(repository: str, name: str, version: str) -> str:
    """sha256:... of the chart's archive, as the repository's index.yaml has it.

    Raises DownloadError when the index cannot be read, InputError when it lacks the version.
    """
    address = f"{repository.rstrip('/')}/index.yaml"
    for entry in _entries(address, name):
        if str(entry.get("version")) == version and entry.get("digest"):
            return "sha256:" + str(entry["digest"]).removeprefix("sha256:")
    raise InputError(
        f"{repository} does not have the chart {name} {version}.",
        why="its index.yaml names no such version with a digest.",
        fix=("report this as a bug; llmplat pins the version",),
    )


def fetch_chart(repository: str, name: str, version: str) -> bytes:
    """The chart's archive, its digest as the index states it; raises as `find_chart_digest`."""
    stated = find_chart_digest(repository, name, version)
    address = f"{repository.rstrip('/')}/index.yaml"
    entry = next(e for e in _entries(address, name) if str(e.get("version")) == version)
    urls = entry.get("urls")
    found = str(urls[0]) if isinstance(urls, list) and urls else f"{name}-{version}.tgz"
    place = urljoin(address, found)
    content = _get(place, f"The chart {place}")
    actual = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if actual != stated:
        raise DownloadError(
            f"hash mismatch: {place} is not the chart that its index states.",
            why=f"expected {stated}, it is {actual}",
            fix=("run the same command again", "look for a cache or proxy on the way"),
        )
    return content


def _entries(address: str, name: str) -> list[dict[str, object]]:
    what = f"The chart index {address}"
    try:
        document = parse_yaml(_get(address, what))
        return list(document["entries"].get(name, ()))
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise _unread(what, error) from error


def _get(address: str, what: str) -> bytes:
    try:
        answer = httpx.get(address, timeout=_TIMEOUT_S, follow_redirects=True, verify=web_trust())
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise _unread(what, error) from error
    return answer.content


def _unread(what: str, error: Exception) -> DownloadError:
    return DownloadError(
        f"{what} cannot be read.",
        why=f"{type(error).__name__}: {error}",
        fix=("run the same command again", "or check the way to that address"),
    )
