"""Pulumi's command line tool: found, checked, or put into llmplat's own folder after a yes."""

import hashlib
import platform
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from llmplat.adapters.file_lock import hold
from llmplat.adapters.web_trust import web_trust
from llmplat.domain.errors import DownloadError, PreconditionError
from llmplat.domain.ports import Progress

VERSION = "3.272.0"
"""What is installed: the version of the Python packages it was tried with."""
OLDEST = (3, 200, 0)
DOWNLOADS = "https://github.com/pulumi/pulumi/releases/download"
NAME = "LLMPLAT_PULUMI"
"""Environment variable that names the tool."""
_ABOUT_MB = 150
_TIMEOUT_S = 60.0
_CHUNK = 1 << 20


def own_folder(cache: Path) -> Path:
    """Where llmplat's own one is; `bin` is below it, as Pulumi's packages expect."""
    return cache / "tools" / f"pulumi-{VERSION}"


def find_pulumi(env: Mapping[str, str], cache: Path) -> Path | None:
    """The tool that LLMPLAT_PULUMI names, llmplat's own, or the one on the PATH."""
    named = env.get(NAME)
    if named:
        return Path(named)
    own = own_folder(cache) / "bin" / "pulumi"
    if own.is_file():
        return own
    found = shutil.which("pulumi", path=env.get("PATH"))
    return Path(found) if found else None


def require_pulumi(env: Mapping[str, str], cache: Path) -> Path:
    """The tool; PreconditionError when it is missing, does not run or is too old."""
    found = find_pulumi(env, cache)
    if found is None:
        raise PreconditionError(
            "Pulumi's command line tool is not there.",
            why=f"neither {NAME}, nor llmplat's own folder, nor the PATH has one",
            fix=("llmplat up --install-pulumi", "or https://www.pulumi.com/docs/install/"),
        )
    version = _version(found, env)
    if version < OLDEST:
        raise PreconditionError(
            f"{found} is too old.",
            why=f"it is {_dotted(version)}; {_dotted(OLDEST)} is the oldest that works",
            fix=("llmplat up --install-pulumi", f"or let {NAME} name a newer one"),
        )
    return found


def install_pulumi(
    cache: Path,
    progress: Progress,
    consent: Callable[[str], bool] | None,
    *,
    downloads: str = DOWNLOADS,
) -> Path:
    """Fetch the tool into llmplat's own folder, checked by the publisher's sums.

    Raises:
        PreconditionError: nobody said yes, or there is no build for this machine.
        DownloadError: it cannot be fetched, or is not what the sums say.
    """
    folder = own_folder(cache)
    tool = folder / "bin" / "pulumi"
    if tool.is_file():
        return tool
    archive = _archive()
    asked = f"Fetch Pulumi {VERSION} (about {_ABOUT_MB} MB) from {downloads} into {folder}?"
    if consent is None or not consent(asked):
        raise PreconditionError(
            "Pulumi's command line tool was not installed.",
            why="nobody said yes" if consent else "there is no terminal to ask on",
            fix=("llmplat up --install-pulumi",),
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with progress.step(f"Fetch Pulumi {VERSION}") as step, hold(folder.with_suffix(".lock")):
        if not tool.is_file():
            step.detail(archive)
            _fetch_into(folder, f"{downloads}/v{VERSION}", archive)
    return tool


def _fetch_into(folder: Path, root: str, archive: str) -> None:
    with TemporaryDirectory(dir=folder.parent, prefix=".pulumi-") as aside:
        packed = Path(aside) / archive
        wanted = _sum_of(archive, _get(f"{root}/pulumi-{VERSION}-checksums.txt").decode())
        _save(f"{root}/{archive}", packed, wanted)
        unpacked = Path(aside) / "unpacked"
        with tarfile.open(packed) as tar:
            tar.extractall(unpacked, filter="data")
        tool = unpacked / "pulumi" / "pulumi"
        if not tool.is_file():
            raise _broken(archive, "it holds no pulumi/pulumi")
        whole = Path(aside) / "whole"
        whole.mkdir()
        (unpacked / "pulumi").rename(whole / "bin")
        whole.rename(folder)


def _save(url: str, path: Path, wanted: str) -> None:
    digest = hashlib.sha256()
    try:
        with (
            httpx.stream(
                "GET", url, follow_redirects=True, timeout=_TIMEOUT_S, verify=web_trust()
            ) as response,
            path.open("wb") as file,
        ):
            response.raise_for_status()
            for chunk in response.iter_bytes(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
    except httpx.HTTPError as exc:
        raise _unreachable(url, exc) from exc
    if digest.hexdigest() != wanted:
        raise _broken(
            path.name, f"sha256 is {digest.hexdigest()[:12]}... and must be {wanted[:12]}..."
        )


def _get(url: str) -> bytes:
    try:
        response = httpx.get(url, follow_redirects=True, timeout=_TIMEOUT_S, verify=web_trust())
        response.raise_for_status()
    except httpx.HTTPError as exc:
        raise _unreachable(url, exc) from exc
    return response.content


def _sum_of(archive: str, text: str) -> str:
    for line in text.splitlines():
        digest, _, name = line.partition(" ")
        if name.strip().lstrip("*") == archive and re.fullmatch(r"[0-9a-f]{64}", digest):
            return digest
    raise _broken(archive, "the publisher's list of sums does not name it")


def _archive() -> str:
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(
        platform.machine().lower()
    )
    system = platform.system().lower()
    if machine is None or system not in {"linux", "darwin"}:
        raise PreconditionError(
            "There is no build of Pulumi for this machine.",
            why=f"it is {system} on {platform.machine()}",
            fix=("https://www.pulumi.com/docs/install/",),
        )
    return f"pulumi-v{VERSION}-{system}-{machine}.tar.gz"


def _version(tool: Path, env: Mapping[str, str]) -> tuple[int, ...]:
    quiet = {**env, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(
            [str(tool), "version"],
            capture_output=True,
            text=True,
            env=quiet,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        raise PreconditionError(
            f"{tool} does not run.",
            why=exc.strerror if isinstance(exc, OSError) else "`pulumi version` failed",
            fix=("llmplat up --install-pulumi", f"or let {NAME} name another one"),
        ) from exc
    match = re.search(r"v?(\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(int(part) for part in match.groups()) if match else (0,)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _unreachable(url: str, exc: httpx.HTTPError) -> DownloadError:
    return DownloadError(
        "Pulumi could not be fetched.",
        why=f"{url}: {str(exc) or type(exc).__name__}",
        fix=("check the network (HTTPS_PROXY), then run the same command again",
             f"or install it yourself and let {NAME} name it"),
    )  # fmt: skip


def _broken(archive: str, why: str) -> DownloadError:
    return DownloadError(
        f"{archive} is not the file that was expected.",
        why=why,
        fix=("run the same command again; a broken download is thrown away",),
    )
