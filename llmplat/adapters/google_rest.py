"""Requests to Google's REST APIs -> JSON documents, and their refusals as our errors."""

import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import httpx

from llmplat.adapters.web_trust import web_trust
from llmplat.domain.errors import (
    CloudDisabledError,
    CloudError,
    CloudRefusedError,
    CredentialsError,
    InputError,
)

_TRIES = 4
_PASSING = {408, 429, 500, 502, 503, 504}
_TIMEOUT_S = 30.0
Json = dict[str, Any]


class Tokens(Protocol):
    """Whoever signs the requests."""

    @property
    def account(self) -> str:
        """Whom the cloud sees, as far as that is known."""
        ...

    def token(self) -> str:
        """A token that is good now; CredentialsError when there is none."""
        ...


def endpoint_of(api: str, base: str | None = None) -> str:
    """Address of the API `compute` and its like; `base` stands in for Google, on this machine only."""
    if not base:
        return f"https://{api}.googleapis.com"
    if not base.startswith(("http://127.0.0.1:", "http://localhost:")):
        raise InputError(
            "LLMPLAT_GOOGLE_ENDPOINT names another machine.",
            why="tokens for Google Cloud are sent there; only loopback may stand in for Google",
            fix=("unset LLMPLAT_GOOGLE_ENDPOINT",),
        )
    return f"{base}/{api}.googleapis.com"


class GoogleRest:
    """One project, as one identity."""

    def __init__(
        self,
        project: str,
        tokens: Tokens,
        *,
        base: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.project = project
        self.tokens = tokens
        self._base = base
        self._sleep = sleep
        self._client = httpx.Client(timeout=_TIMEOUT_S, verify=web_trust())
        # Nobody has to remember to close it: it goes with its owner.
        weakref.finalize(self, self._client.close)

    def close(self) -> None:
        """Let go of open connections."""
        self._client.close()

    def get(self, api: str, path: str, params: Mapping[str, Any] | None = None) -> Json | None:
        """The document; None for 404. Raises CloudError and its kinds."""
        return self._ask("GET", api, path, params, None)

    def post(
        self, api: str, path: str, body: Json, params: Mapping[str, Any] | None = None
    ) -> Json:
        """The answer's document; 409 is CloudError with `details` "ALREADY_EXISTS"."""
        found = self._ask("POST", api, path, params, body)
        if found is None:
            raise self._refused(404, {}, api)
        return found

    def pages(self, api: str, path: str, key: str, params: Mapping[str, Any]) -> Iterator[Json]:
        """Every item under `key`, page by page; nothing for 404."""
        token = ""
        while True:
            asked = {**params, **({"pageToken": token} if token else {})}
            found = self.get(api, path, asked) or {}
            yield from found.get(key, ())
            token = found.get("nextPageToken", "")
            if not token:
                return

    def _ask(
        self, method: str, api: str, path: str, params: Mapping[str, Any] | None, body: Json | None
    ) -> Json | None:
        response = self._send(method, api, path, params, body)
        if response.status_code == 404:
            return None
        try:
            document = response.json()
        except ValueError:
            document = {}
        if response.is_success and isinstance(document, dict):
            return document
        raise self._refused(response.status_code, document, api)

    def _send(
        self, method: str, api: str, path: str, params: Mapping[str, Any] | None, body: Json | None
    ) -> httpx.Response:
        why = ""
        for attempt in range(_TRIES):
            # A user's login is billed to the project that is asked about, not to gcloud's own.
            headers = {
                "Authorization": f"Bearer {self.tokens.token()}",
                "X-Goog-User-Project": self.project,
            }
            url = f"{endpoint_of(api, self._base)}/{path}"
            try:
                response = self._client.request(
                    method, url, params=params, json=body, headers=headers
                )
            except httpx.TransportError as exc:
                why = str(exc) or type(exc).__name__
            else:
                if response.status_code not in _PASSING:
                    return response
                why = f"it answered {response.status_code}"
            if attempt + 1 < _TRIES:
                self._sleep(0.5 * 2**attempt)
        raise CloudError(
            f"{api}.googleapis.com did not answer.",
            why=f"{why}; {_TRIES} times in a row",
            fix=("check the network (HTTPS_PROXY), then run the same command again",),
        )

    def _refused(self, status: int, document: object, api: str) -> CloudError:
        error = document.get("error", {}) if isinstance(document, dict) else {}
        error = error if isinstance(error, dict) else {}
        message = str(error.get("message") or f"HTTP {status}").splitlines()[0]
        if status == 401:
            return CredentialsError(
                "Google Cloud does not accept the credentials.",
                why=message,
                fix=("gcloud auth application-default login",),
            )
        off = _disabled(error)
        if status == 403 and off is not None:
            service = off or f"{api}.googleapis.com"
            return CloudDisabledError(
                f"The API {service} is off in the project {self.project}.",
                why=message,
                fix=(f"gcloud services enable {service} --project {self.project}",),
                api=service,
            )
        if status in {403, 404}:
            return CloudRefusedError(
                f"{api}.googleapis.com refused {self.tokens.account}.",
                why=f"{status}: {message}",
                fix=(f"gcloud projects get-iam-policy {self.project}",),
            )
        return CloudError(
            f"{api}.googleapis.com could not do that.",
            why=f"{status}: {message}",
            details=str(error.get("status") or ""),
        )


def _disabled(error: Mapping[str, Any]) -> str | None:
    """The service that is off, "" when it is not named; None when something else is wrong."""
    for detail in error.get("details", ()):
        if detail.get("reason") == "SERVICE_DISABLED":
            return str(detail.get("metadata", {}).get("service", ""))
    reasons = {one.get("reason") for one in error.get("errors", ())}
    return "" if "accessNotConfigured" in reasons else None
