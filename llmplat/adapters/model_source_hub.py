"""A repository of a Hugging Face hub at one revision -> a ModelSource."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from llmplat.adapters.hub_http import HubHttp, RefusedError
from llmplat.adapters.patience import Patience
from llmplat.domain.errors import DownloadError, InputError, LlmplatError, PreconditionError
from llmplat.domain.ports import ModelFile

_PUBLIC_HUB = "https://huggingface.co"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_TOKEN_NAMES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


class HubSource:
    """`org/name` at a revision; asks the hub at the first use, not before."""

    def __init__(
        self,
        repository: str,
        revision: str,
        patience: Patience | None = None,
        endpoint: str | None = None,
    ) -> None:
        """`endpoint` is the hub's address; None: HF_ENDPOINT, else the public one."""
        self.repository = repository
        self._wanted = revision
        endpoint = endpoint or os.environ.get("HF_ENDPOINT") or _PUBLIC_HUB
        token = find_token(os.environ) if _may_carry_token(endpoint) else None
        self._http = HubHttp(endpoint, token, patience or Patience())

    @property
    def revision(self) -> str:
        """The commit that the wanted revision names now."""
        return str(self._info["sha"])

    def list(self) -> tuple[ModelFile, ...]:
        """All files, sorted by path; the hub states hashes of large ones only."""
        files = [
            ModelFile(str(s["rfilename"]), int(_lfs(s).get("size", s.get("size", 0))), _sha256(s))
            for s in self._info["siblings"]
        ]
        return tuple(sorted(files, key=lambda file: file.path))

    def read_range(self, path: str, start: int, length: int) -> bytes:
        """`length` bytes of `path` from byte `start` (fewer at the end of the file)."""
        end = min(start + length, self._size_bytes(path))
        with self._in_our_words(path):
            return b"".join(self._http.stream(self._address(path), start, end))

    def stream(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of `path` from byte `start`, in chunks; broken connections are taken up."""
        with self._in_our_words(path):
            yield from self._http.stream(self._address(path), start, self._size_bytes(path))

    @cached_property
    def _info(self) -> dict[str, Any]:
        wanted = quote(self._wanted, safe="")
        with self._in_our_words(None):
            info = self._http.get_json(
                f"api/models/{self.repository}/revision/{wanted}", {"blobs": "true"}
            )
        if not isinstance(info, dict) or not re.fullmatch(r"[0-9a-f]{40,64}", str(info.get("sha"))):
            raise DownloadError(
                f"{self._http.endpoint} did not say what hf://{self.repository} holds.",
                why="its answer names no commit, so it is no Hugging Face hub",
                fix=("check HF_ENDPOINT",),
            )
        return info

    @cached_property
    def _sizes_bytes(self) -> Mapping[str, int]:
        return {file.path: file.size_bytes for file in self.list()}

    def _size_bytes(self, path: str) -> int:
        try:
            return self._sizes_bytes[path]
        except KeyError as exc:
            raise InputError(
                f"hf://{self.repository} has no file {path} at {self.revision[:12]}.",
                fix=("llmplat lock",),
            ) from exc

    def _address(self, path: str) -> str:
        return f"{self.repository}/resolve/{self.revision}/{quote(path)}"

    @contextmanager
    def _in_our_words(self, path: str | None) -> Iterator[None]:
        try:
            yield
        except RefusedError as exc:
            raise _translate(exc, self.repository, self._wanted, path, self._http) from exc


def find_token(env: Mapping[str, str]) -> str | None:
    """The user's hub token, from where Hugging Face's own tools look for it; None without one."""
    for name in _TOKEN_NAMES:
        if env.get(name, "").strip():
            return env[name].strip()
    cache = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = Path(env.get("HF_HOME") or cache / "huggingface")
    try:
        return Path(env.get("HF_TOKEN_PATH") or home / "token").read_text("utf-8").strip() or None
    except OSError:
        return None


def _may_carry_token(endpoint: str) -> bool:
    address = urlsplit(endpoint)
    return address.scheme == "https" or address.hostname in _LOOPBACK


def _lfs(sibling: Mapping[str, Any]) -> Mapping[str, Any]:
    lfs = sibling.get("lfs")
    return lfs if isinstance(lfs, Mapping) else {}


def _sha256(sibling: Mapping[str, Any]) -> str | None:
    lfs = _lfs(sibling)
    found = lfs.get("sha256") or lfs.get("oid")
    return str(found).removeprefix("sha256:") if found else None


def _translate(
    refused: RefusedError, repository: str, revision: str, path: str | None, http: HubHttp
) -> LlmplatError:
    model = f"hf://{repository}"
    said = f"{http.endpoint} answered {refused.status} {refused.code}".rstrip()
    page = f"{http.endpoint}/{repository}"
    if refused.code == "RevisionNotFound":
        return InputError(
            f"The model {model} has no revision {revision}.",
            why=said,
            fix=(f"choose a branch, tag or commit listed at {page}/commits/main",),
        )
    if refused.code == "GatedRepo":
        return PreconditionError(
            f"The model {model} is gated: its publisher wants you to ask first.",
            why=said,
            fix=(f"accept its terms at {page}, then set HF_TOKEN to a token of that account",),
        )
    if refused.status in {401, 403, 404} and path is None:
        return _not_seen(refused.status, model, said)
    what = f"{path} of {model}" if path else model
    return DownloadError(
        f"The hub refused {what}.", why=said, fix=("llmplat lock", "check HF_TOKEN and HF_ENDPOINT")
    )


def _not_seen(status: int, model: str, said: str) -> LlmplatError:
    """401, 403 and 404 on the repository itself: who is asked to do what differs."""
    if status == 404:
        return InputError(
            f"There is no model {model}.",
            why=f"{said}; a private one looks the same to others",
            fix=("check the spelling", "for a private model set HF_TOKEN"),
        )
    if status == 403:
        return PreconditionError(
            f"The model {model} may not be read with your token.",
            why=f"{said}; the token is known, its rights do not reach here",
            fix=("set HF_TOKEN to a token with read access to this repository",),
        )
    return InputError(
        f"There is no model {model}, or it wants to know who asks.",
        why=f"{said}; without a token the hub answers the same for both",
        fix=(
            "check the spelling",
            "for a private model set HF_TOKEN to a token that may read it",
        ),
    )
