"""A registry's host -> the account to use there, from where container tools keep it."""

import base64
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmplat.domain.errors import PreconditionError
from llmplat.domain.foreign_text import parse_json

_HUB_NAMES = {"docker.io", "index.docker.io", "registry-1.docker.io"}
_HUB_KEY = "https://index.docker.io/v1/"
_HELPER_TIMEOUT_S = 30
_TOKEN_USER = "<token>"  # noqa: S105 (what helpers say in place of a user name)


@dataclass(frozen=True)
class Credentials:
    """An account at one registry; `identity_token` is exchanged by OAuth2 instead of a password."""

    username: str
    password: str = field(repr=False)
    identity_token: str | None = field(default=None, repr=False)
    origin: str = ""
    """Where they were found, for people."""


def find_credentials(host: str, env: Mapping[str, str], repository: str = "") -> Credentials | None:
    """The account for `host`: environment, then docker's and podman's files and their helpers.

    One that podman keeps for `repository` or a part of its path comes before that of all `host`.

    The names in the environment carry the host, so that one registry's password is never sent to
    another: LLMPLAT_REGISTRY_USERNAME_GHCR_IO and LLMPLAT_REGISTRY_PASSWORD_GHCR_IO.

    Raises:
        PreconditionError: a credential helper that is configured for `host` does not work.
    """
    return _from_env(host, env) or next(_from_files(host, env, repository), None)


def env_suffix(host: str) -> str:
    """The end of the environment variables' names for `host`: ghcr.io -> GHCR_IO."""
    return re.sub(r"[^A-Za-z0-9]", "_", host).upper()


def _from_env(host: str, env: Mapping[str, str]) -> Credentials | None:
    suffix = env_suffix(host)
    password = env.get(f"LLMPLAT_REGISTRY_PASSWORD_{suffix}")
    if not password:
        return None
    username = env.get(f"LLMPLAT_REGISTRY_USERNAME_{suffix}", "")
    return Credentials(username, password, origin=f"LLMPLAT_REGISTRY_PASSWORD_{suffix}")


def _from_files(host: str, env: Mapping[str, str], repository: str) -> Iterator[Credentials]:
    for file in _files(env):
        config = _read(file)
        for key in (*_parts(host, repository), *_keys(host)):
            found = _from_config(key, config, file, env)
            if found is not None:
                yield found


def _files(env: Mapping[str, str]) -> Iterator[Path]:
    if env.get("REGISTRY_AUTH_FILE"):
        yield Path(env["REGISTRY_AUTH_FILE"])
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    yield Path(env.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
    if env.get("XDG_RUNTIME_DIR"):
        yield Path(env["XDG_RUNTIME_DIR"]) / "containers" / "auth.json"
    yield Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "containers" / "auth.json"


def _read(file: Path) -> dict[str, Any]:
    try:
        document = parse_json(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise PreconditionError(
            f"The credentials in {file} cannot be read.",
            why=str(exc),
            fix=("docker login REGISTRY writes it anew", "or repair the file"),
        ) from exc
    return document if isinstance(document, dict) else {}


def _parts(host: str, repository: str) -> Iterator[str]:
    """HOST/a/b/c, HOST/a/b, HOST/a: as containers-auth.json(5) has it."""
    while repository:
        yield f"{host}/{repository}"
        repository = repository.rpartition("/")[0]


def _keys(host: str) -> tuple[str, ...]:
    names = (host, f"https://{host}", f"https://{host}/", f"https://{host}/v2/", f"http://{host}")
    return (_HUB_KEY, *names) if host in _HUB_NAMES else names


def _from_config(
    key: str, config: dict[str, Any], file: Path, env: Mapping[str, str]
) -> Credentials | None:
    entry = _mapping(config, "auths").get(key)
    helper = _mapping(config, "credHelpers").get(key)
    has_secret = isinstance(entry, dict) and (entry.get("auth") or entry.get("identitytoken"))
    if helper is None and isinstance(entry, dict) and has_secret:
        return _from_entry(entry, file)
    # A store is asked only for what `docker login` noted under auths: asking it for every host
    # would open a password dialog for public images.
    if helper is None and entry is not None:
        helper = config.get("credsStore")
    return _from_helper(str(helper), key, env) if helper else None


def _mapping(config: dict[str, Any], key: str) -> dict[str, Any]:
    found = config.get(key)
    return found if isinstance(found, dict) else {}


def _from_entry(entry: dict[str, Any], file: Path) -> Credentials | None:
    try:
        text = str(entry.get("auth", "")).strip()
        username, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError as exc:
        raise PreconditionError(
            f"The credentials in {file} cannot be read.",
            why="an `auth` in it is not base64 of user:password",
            fix=("docker login REGISTRY writes it anew",),
        ) from exc
    token = entry.get("identitytoken")
    return Credentials(username, password.rstrip("\0"), str(token) if token else None, str(file))


def _from_helper(name: str, key: str, env: Mapping[str, str]) -> Credentials | None:
    program = f"docker-credential-{name}"
    try:
        done = subprocess.run(
            [program, "get"],
            input=key,
            env=dict(env),
            capture_output=True,
            text=True,
            timeout=_HELPER_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise _broken_helper(program, key, str(exc)) from exc
    if done.returncode != 0:
        if "not found" in (done.stdout + done.stderr).lower():
            return None
        raise _broken_helper(program, key, (done.stdout + done.stderr).strip()[-200:])
    try:
        answer = parse_json(done.stdout)
        username, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError) as exc:
        raise _broken_helper(program, key, "its answer is not the JSON it should be") from exc
    if username == _TOKEN_USER:
        return Credentials("", "", secret, program)
    return Credentials(username, secret, origin=program)


def _broken_helper(program: str, key: str, why: str) -> PreconditionError:
    return PreconditionError(
        f"The credential helper {program} gave no account for {key}.",
        why=why or "it said nothing",
        fix=(
            f"echo {key} | {program} get",
            f"or set LLMPLAT_REGISTRY_PASSWORD_{env_suffix(key.removeprefix('https://'))}",
        ),
    )
