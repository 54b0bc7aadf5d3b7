"""A Helm repository on a plain web server -> the digest of one of its charts."""

import httpx
import yaml

from llmplat.domain.errors import DownloadError, InputError

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
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


def _entries(address: str, name: str) -> list[dict[str, object]]:
    try:
        answer = httpx.get(address, timeout=_TIMEOUT_S, follow_redirects=True)
        answer.raise_for_status()
        document = yaml.load(answer.content, Loader=_Loader)  # noqa: S506 (a safe loader)
        return list(document["entries"].get(name, ()))
    except (httpx.HTTPError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise DownloadError(
            f"The chart index {address} cannot be read.",
            why=f"{type(error).__name__}: {error}",
            fix=("run the same command again", "or check the way to that address"),
        ) from error
