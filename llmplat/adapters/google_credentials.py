"""The environment -> access tokens for Google Cloud, renewed when they end; never written anywhere.

Application default credentials: a key file, gcloud's login, workload identity or a machine's own.
"""

import threading
import warnings
from collections.abc import Mapping
from typing import Any, cast

import httpx

from llmplat.adapters.web_trust import web_trust
from llmplat.domain.errors import CloudError, CredentialsError, PreconditionError

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LOGIN = "gcloud auth application-default login"


class GoogleCredentials:
    """Whoever the environment is signed in as."""

    def __init__(self) -> None:
        self._found: Any = None
        self._lock = threading.Lock()

    def token(self) -> str:
        """A token that is good now.

        Raises:
            CredentialsError: there are none, or they ended and cannot be renewed.
            CloudError: whoever renews them did not answer.
        """
        with self._lock:
            if self._found is None:
                self._found = _find()
            if not self._found.valid:
                _refresh(self._found)
            return str(self._found.token)

    @property
    def account(self) -> str:
        """The e-mail address, as far as the credentials say."""
        named = getattr(self._found, "service_account_email", "")
        return str(named or getattr(self._found, "account", "") or "your account")


def _find() -> Any:  # noqa: ANN401 (any of google-auth's credentials)
    try:
        import google.auth  # noqa: PLC0415 (only a platform on Google Cloud pays for it)
        from google.auth import exceptions  # noqa: PLC0415
    except ImportError as exc:
        raise PreconditionError(
            "llmplat was installed without what Google Cloud needs.",
            why="google-auth is not there",
            fix=("pip install 'llmplat[gke]'",),
        ) from exc
    try:
        with warnings.catch_warnings():
            # A login without a quota project is told apart by the answers themselves.
            warnings.simplefilter("ignore")
            found, _project = google.auth.default(
                scopes=[SCOPE], request=cast("Any", HttpxRequest())
            )
    except exceptions.DefaultCredentialsError as exc:
        raise CredentialsError(
            "There are no usable credentials for Google Cloud.",
            why=str(exc).splitlines()[0],
            fix=(_LOGIN, "or export GOOGLE_APPLICATION_CREDENTIALS=/path/to/key.json"),
        ) from exc
    return found


def _refresh(found: Any) -> None:  # noqa: ANN401 (any of google-auth's credentials)
    from google.auth import exceptions  # noqa: PLC0415 (see above)

    try:
        found.refresh(HttpxRequest())
    except exceptions.RefreshError as exc:
        raise CredentialsError(
            "The credentials for Google Cloud are no longer good.",
            why=str(exc.args[0]) if exc.args else None,
            fix=(_LOGIN,),
        ) from exc
    except exceptions.TransportError as exc:
        raise CloudError(
            "Google's sign-in did not answer.",
            why=str(exc),
            fix=("check the network (HTTPS_PROXY), then run the same command again",),
        ) from exc


class _Answer:
    """What google-auth wants of an answer."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = dict(response.headers)
        self.data = response.content


class HttpxRequest:
    """google-auth's transport over the HTTP client that llmplat has anyway."""

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_kwargs: object,
    ) -> _Answer:
        """One request; google.auth's TransportError when nobody answers."""
        from google.auth import exceptions  # noqa: PLC0415 (see above)

        try:
            response = httpx.request(
                method,
                url,
                content=body,
                headers=headers,
                timeout=timeout or 10.0,
                verify=web_trust(),
            )
        except httpx.TransportError as exc:
            error = cast("Any", exceptions).TransportError(str(exc))
            raise error from exc
        return _Answer(response)
