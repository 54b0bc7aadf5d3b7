"""Addresses of a model hub -> JSON documents and byte ranges, with dropped connections taken up again."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx

from llmplat.adapters.hub_stream import open_stream
from llmplat.adapters.oci_wire import WireError
from llmplat.adapters.patience import Patience
from llmplat.adapters.web_trust import web_trust
from llmplat.domain.errors import DownloadError
from llmplat.domain.foreign_text import parse_json

_PASSING = {408, 425, 429, 500, 502, 503, 504}
"""Answers that may be another one a moment later."""
_Chunks = AbstractContextManager[Iterator[bytes]]


class RefusedError(Exception):
    """The server answered with a status that another try will not change."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"HTTP {response.status_code}")
        self.status = response.status_code
        self.code = response.headers.get("x-error-code", "")
        self.message = response.headers.get("x-error-message", "")


class HubHttp:
    """One hub behind one address; the token goes to that address only."""

    def __init__(self, endpoint: str, token: str | None, patience: Patience) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._patience = patience
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def _new_client(self) -> httpx.Client:
        # A client for each transfer, so that nobody has to remember to close one. httpx drops the
        # Authorization header on a redirect to another host (the hub's storage).
        patience = self._patience
        return httpx.Client(
            headers=self._headers,
            timeout=httpx.Timeout(patience.read_timeout_s, connect=patience.connect_timeout_s),
            follow_redirects=True,
            verify=web_trust(),
        )

    def get_json(self, path: str, params: Mapping[str, str]) -> Any:  # noqa: ANN401 (JSON)
        """The document at `path`. Raises DownloadError, RefusedError."""
        body = b"".join(self._try(lambda _offset: self._open(path, params), None, path))
        try:
            return parse_json(body)
        except ValueError as exc:
            raise self._gave_up(path, "the answer is not JSON") from exc

    def stream(self, path: str, start: int, end: int) -> Iterator[bytes]:
        """Bytes `start` to `end` (not included) of `path`. Raises DownloadError, RefusedError."""
        if start >= end:
            return

        def open_at(offset: int) -> _Chunks:
            first = start + offset
            return self._open_bytes(path, first, end)

        yield from self._try(open_at, end - start, path)

    def _try(
        self, open_at: Callable[[int], _Chunks], want_bytes: int | None, path: str
    ) -> Iterator[bytes]:
        done_bytes, attempt = 0, 0
        while True:
            retry_after, why = None, "the connection ended early"
            try:
                with open_at(done_bytes) as chunks:
                    for chunk in chunks:
                        part = chunk if want_bytes is None else chunk[: want_bytes - done_bytes]
                        done_bytes, attempt = done_bytes + len(part), 0
                        yield part
                if want_bytes is None or done_bytes == want_bytes:
                    return
            except _BusyAnswer as exc:
                retry_after, why = exc.retry_after, f"it answered {exc.status}"
            except (httpx.TransportError, WireError) as exc:
                why = str(exc) or type(exc).__name__
            if want_bytes is None and done_bytes:
                raise self._gave_up(path, why)
            if attempt + 1 >= self._patience.attempts:
                raise self._gave_up(path, why)
            time.sleep(self._patience.delay_s(attempt, retry_after))
            attempt += 1

    @contextmanager
    def _open(self, path: str, params: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        address = f"{self.endpoint}/{path}"
        with (
            self._new_client() as client,
            client.stream("GET", address, params=params) as response,
        ):
            _check(response)
            yield response.iter_bytes()

    @contextmanager
    def _open_bytes(self, path: str, first: int, end: int) -> Iterator[Iterator[bytes]]:
        # Compressed answers would make byte ranges mean something else.
        asked = {"Accept-Encoding": "identity", "Range": f"bytes={first}-{end - 1}"}
        address, timeout_s = f"{self.endpoint}/{path}", self._patience.read_timeout_s
        headers = {**self._headers, **asked}
        with open_stream(address, headers, web_trust(), timeout_s) as (answer, chunks):
            _check(httpx.Response(answer.status, headers=dict(answer.headers)))
            # A server that ignores ranges sends the whole file: what is there already is dropped.
            yield chunks if answer.status == 206 else _without(chunks, first)

    def _gave_up(self, path: str, why: str) -> DownloadError:
        return DownloadError(
            f"{path.rsplit('/', 1)[-1]} could not be fetched from {self.endpoint}.",
            why=f"{why}; given up after {self._patience.attempts} tries in a row, what came is kept",
            fix=("check the network (HF_ENDPOINT, HTTPS_PROXY) and run the command again",),
        )


class _BusyAnswer(Exception):  # noqa: N818 (never leaves this module)
    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"HTTP {response.status_code}")
        self.status = response.status_code
        self.retry_after = response.headers.get("retry-after")


def _check(response: httpx.Response) -> None:
    if response.status_code in _PASSING:
        raise _BusyAnswer(response)
    if response.status_code not in {200, 206}:
        raise RefusedError(response)


def _without(chunks: Iterator[bytes], count: int) -> Iterator[bytes]:
    for chunk in chunks:
        if count >= len(chunk):
            count -= len(chunk)
            continue
        yield chunk[count:]
        count = 0
