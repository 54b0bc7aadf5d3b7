"""A uv command -> its lines as they come, and its failure as one of our errors."""

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import uv

from llmplat.domain.errors import DownloadError, LlmplatError, PreconditionError
from llmplat.domain.mirror import ANYWHERE, FetchFrom

_LAST_LINES = 20
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_QUERY = re.compile(r"(://[^\s?)`]+)\?[^\s)`]*")

_FROM_PIP = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_NO_INDEX": "UV_NO_INDEX",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_DEFAULT_TIMEOUT": "UV_HTTP_TIMEOUT",
    "PIP_CERT": "SSL_CERT_FILE",
}
"""uv ignores pip's settings. Whoever sits behind a company's index has told pip about it, so each
of pip's variables stands in for uv's as long as uv's own is not set."""

_OLD_NAMES = {
    "UV_DEFAULT_INDEX": ("UV_INDEX_URL",),
    "UV_INDEX": ("UV_EXTRA_INDEX_URL",),
    "SSL_CERT_FILE": ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS"),
}
_COMMA_SEPARATED = {"UV_FIND_LINKS"}
_OURS_ONLY = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX")
"""Would make the child look into the environment that llmplat itself runs in."""


def uv_environment(env: Mapping[str, str]) -> dict[str, str]:
    """`env` for a uv process: pip's settings spelled for uv, our own Python's left out."""
    result = {name: value for name, value in env.items() if name not in _OURS_ONLY}
    for pip_name, uv_name in _FROM_PIP.items():
        is_set = any(name in env for name in (uv_name, *_OLD_NAMES.get(uv_name, ())))
        if not is_set and env.get(pip_name):
            separator = "," if uv_name in _COMMA_SEPARATED else " "
            result[uv_name] = separator.join(env[pip_name].split())
    # Every file is pinned by hash, so an index that offers the same name cannot slip a file in.
    result.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return result


_INDEXES = (
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_NO_INDEX",
)


def only_from(env: Mapping[str, str], place: FetchFrom) -> dict[str, str]:
    """`env` in which uv asks the mirror's index or folder and no other; as it is without a mirror."""
    if not place.is_closed:
        return dict(env)
    kept = {name: value for name, value in env.items() if name not in _INDEXES}
    # A machine's own uv.toml may name further indexes.
    kept["UV_NO_CONFIG"] = "1"
    if place.wheels is not None:
        return kept | {"UV_FIND_LINKS": place.wheels, "UV_NO_INDEX": "1", "UV_OFFLINE": "1"}
    return kept | ({"UV_DEFAULT_INDEX": place.packages} if place.packages else {})


def run_uv(  # noqa: PLR0913 (a child process has this many sides)
    arguments: Sequence[str],
    *,
    purpose: str,
    folder: Path,
    keep_open: tuple[int, ...] = (),
    on_line: Callable[[str], None] = lambda _line: None,
    fetch: FetchFrom = ANYWHERE,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run uv in `folder`, handing each line it says to `on_line`; `purpose` names the act.

    `keep_open` are descriptors the child holds until it ends (a lock); `fetch` is where packages
    come from; `env` stands in for the process's own environment.

    Raises:
        DownloadError: no network, a package is missing or is not the one the lock pins.
        PreconditionError: the disk is full or the Python does not fit.
    """
    lines: list[str] = []
    with subprocess.Popen(
        [uv.find_uv_bin(), *arguments],
        cwd=folder,
        env=only_from(uv_environment(env or os.environ), fetch) | {"NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=keep_open,
    ) as process:
        for raw in process.stdout or ():
            line = redact_urls(raw.rstrip())
            lines.append(line)
            on_line(line)
    if process.returncode != 0:
        raise translate("\n".join(lines[-_LAST_LINES:]), purpose)


def redact_urls(text: str) -> str:
    """`text` with credentials and query strings taken out of its URLs."""
    return _QUERY.sub(r"\1?...", _CREDENTIALS.sub("***@", text))


_CAUSES: tuple[tuple[str, type[LlmplatError], str, str], ...] = (
    (
        r"Hash mismatch for `(?P<name>[^`]+)`",
        DownloadError,
        "hash mismatch: {name} as served is not the file that the shipped lock pins",
        "point UV_DEFAULT_INDEX at an index you trust (or unset it), then run the command again",
    ),
    (
        r"No space left on device|os error 28|os error 122|File too large|os error 27",
        PreconditionError,
        "the disk is full",
        "free some space, or set LLMPLAT_CACHE_HOME and UV_CACHE_DIR to a larger disk",
    ),
    (
        r"Permission denied|Read-only file system",
        PreconditionError,
        "a folder cannot be written",
        "set LLMPLAT_CACHE_HOME and UV_CACHE_DIR to folders you can write",
    ),
    (
        r"requires Python|no usable wheels|no wheels? with a matching Python|ABI tag",
        PreconditionError,
        "a package has no build for this Python or processor",
        "run llmplat with Python 3.11, 3.12 or 3.13 on x86_64",
    ),
    (
        r"401 Unauthorized|403 Forbidden|Missing credentials",
        DownloadError,
        "the package index wants credentials",
        "put them into ~/.netrc, or into UV_DEFAULT_INDEX",
    ),
    (
        r"was not found in the package registry|there is no version of|404 Not Found|not found in the provided package locations|no versions of",
        DownloadError,
        "the package index does not have a package that the lock pins",
        "point UV_DEFAULT_INDEX at a complete mirror of PyPI",
    ),
    (
        r"Failed to fetch|Request failed|error sending request|dns error|timed out|Connection re|invalid peer certificate|Network connectivity is disabled|unexpected end of file|error decoding response|Failed to read `--find-links`",
        DownloadError,
        "the package index could not be reached, or the connection broke",
        "check the network (and UV_DEFAULT_INDEX, HTTPS_PROXY, SSL_CERT_FILE), then run the command again: what was fetched is kept",
    ),
)


def translate(said: str, purpose: str) -> LlmplatError:
    """What to raise when uv ended with an error and these last lines; `purpose` names the act."""
    for pattern, error, why, fix in _CAUSES:
        match = re.search(pattern, said)
        if match:
            return error(
                f"{purpose} failed.",
                why=why.format(**match.groupdict()),
                fix=(fix,),
                details=said,
            )
    return DownloadError(
        f"{purpose} failed.",
        why=f"uv said: {said.splitlines()[-1].strip() if said else 'nothing'}",
        fix=("run the command again with --debug to see all that uv said",),
        details=said,
    )
