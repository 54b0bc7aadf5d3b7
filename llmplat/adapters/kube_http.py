"""One request to an API server: TLS, sign-in, waits and retries; statuses as our errors."""

import ssl
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from llmplat.adapters.kube_credentials import Credential, make_credential
from llmplat.adapters.kubeconfig import KubeAccess
from llmplat.adapters.patience import Patience
from llmplat.adapters.proxy import find_proxy
from llmplat.domain.errors import (
    ClusterConflictError,
    ClusterError,
    ClusterRefusedError,
    ClusterUnreachableError,
    LlmplatError,
)

_BUSY = frozenset({429, 502, 503, 504})
_PATIENCE = Patience(attempts=5, first_delay_s=0.3, longest_delay_s=10.0)


@dataclass(frozen=True)
class Refusal:
    """What the API server said instead of yes."""

    status: int
    reason: str
    message: str

    def error(self, what: str, context: str) -> LlmplatError:
        """The error of our own that this is."""
        why = f"{self.status} {self.reason}: {self.message}"[:1500]
        if self.status == 401:
            return ClusterRefusedError(
                f"The cluster {context} does not know who you are.",
                f"{why} (the credential is wrong or has expired)",
                ("sign in again with your provider", f"kubectl --context {context} auth whoami"),
            )
        if self.status == 403:
            return ClusterRefusedError(
                f"The cluster {context} does not let you {what}.",
                why,
                (f"kubectl --context {context} auth whoami", "ask its owner for that permission"),
            )
        if self.status == 409:
            return ClusterConflictError(f"The cluster {context} could not {what}.", why)
        return ClusterError(f"The cluster {context} could not {what}.", why)


class KubeHttp:
    """Requests to one API server as one identity; may be used by several threads."""

    def __init__(
        self, access: KubeAccess, env: Mapping[str, str], patience: Patience = _PATIENCE
    ) -> None:
        self.access = access
        self._env = dict(env)
        self._patience = patience
        self._credential = make_credential(access, env)
        self._http = self._open()

    def close(self) -> None:
        """End its connections."""
        self._http.close()

    @property
    def authorization(self) -> str | None:
        """What goes into the header now."""
        return self._fresh().authorization

    def tls(self) -> ssl.SSLContext:
        """Whom it trusts and what it shows."""
        return _tls(self.access, self._credential)

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout_s: float | None = None,
    ) -> httpx.Response:
        """The answer, whatever its status; asked again while the server is busy or unreachable.

        Raises ClusterUnreachableError when it stays so.
        """
        sni = self.access.tls_server_name
        request = self._http.build_request(
            method,
            path,
            params=params,
            headers=headers,
            content=content,
            timeout=httpx.Timeout(timeout_s or self._patience.read_timeout_s, connect=10.0),
            extensions={"sni_hostname": sni} if sni else {},
        )
        answer: httpx.Response | None = None
        for attempt in range(self._patience.attempts):
            try:
                answer = self._once(request)
            except httpx.HTTPError as error:
                is_last = attempt + 1 == self._patience.attempts
                if is_last or not _may_repeat(method, error):
                    raise _unreachable(self.access, error) from error
            else:
                if answer.status_code not in _BUSY:
                    return answer
            time.sleep(self._patience.delay_s(attempt, _asked_wait(answer)))
        assert answer is not None  # noqa: S101 (the last attempt raised otherwise)
        return answer

    def json(
        self,
        what: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> dict[str, Any] | None:
        """The document of an answer below 400; None for 404. `what` names the act in the error."""
        answer = self.send(method, path, params=params, headers=headers, content=content)
        if answer.status_code == 404:
            return None
        if answer.status_code >= 400:
            raise refusal_of(answer).error(what, self.access.context)
        found: dict[str, Any] = answer.json()
        return found

    def _once(self, request: httpx.Request) -> httpx.Response:
        answer = self._ask(request)
        if answer.status_code == 401 and self._may_renew():
            answer = self._ask(request)
        return answer

    def _ask(self, request: httpx.Request) -> httpx.Response:
        authorization = self._fresh().authorization
        if authorization is not None:
            request.headers["authorization"] = authorization
        return self._http.send(request)

    def _fresh(self) -> Credential:
        if self._credential.is_over:
            self._renew()
        return self._credential

    def _may_renew(self) -> bool:
        """A plug-in or a file may have something newer than what was refused."""
        if self.access.plugin is None and self.access.token_file is None:
            return False
        before = self._credential
        self._renew()
        return self._credential != before

    def _renew(self) -> None:
        before, self._credential = self._credential, make_credential(self.access, self._env)
        if self._credential.certificate != before.certificate:
            self._http = self._open()

    def _open(self) -> httpx.Client:
        access = self.access
        address = httpx.URL(access.server)
        host = f"{address.host}:{address.port or 443}"
        proxy = None if access.proxy_url else find_proxy(host)
        through: httpx.Proxy | None = None
        if access.proxy_url:
            through = httpx.Proxy(access.proxy_url)
        elif proxy is not None:
            through = httpx.Proxy(f"http://{proxy.host}", headers=proxy.headers)
        return httpx.Client(
            base_url=access.server,
            verify=_tls(access, self._credential),
            proxy=through,
            trust_env=False,
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=16),
        )


def refusal_of(answer: httpx.Response) -> Refusal:
    """The Status object of a refusal, or the first words of whatever came instead."""
    try:
        body = answer.json()
        body = body if isinstance(body, dict) else {}
    except ValueError:
        body = {}
    message = body.get("message") or answer.text[:300].strip() or answer.reason_phrase
    return Refusal(answer.status_code, body.get("reason") or answer.reason_phrase, message)


def _asked_wait(answer: httpx.Response | None) -> str | None:
    return answer.headers.get("retry-after") if answer is not None else None


def _may_repeat(method: str, error: httpx.HTTPError) -> bool:
    """A request that never arrived, or one that does no harm twice."""
    if isinstance(error.__cause__, ssl.SSLCertVerificationError) or "CERTIFICATE" in str(error):
        return False
    never_arrived = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
    return never_arrived or method != "POST"


def _unreachable(access: KubeAccess, error: httpx.HTTPError) -> ClusterUnreachableError:
    why = str(error) or type(error).__name__
    fix = [f"kubectl --context {access.context} version"]
    if "CERTIFICATE" in why:
        fix.insert(0, "refresh the kubeconfig: its certificate authority is not this server's")
    else:
        fix.insert(0, "check VPN and network, or that the cluster is still there")
    return ClusterUnreachableError(
        f"The cluster {access.context} does not answer.", f"{access.server}: {why}", tuple(fix)
    )


def _tls(access: KubeAccess, credential: Credential) -> ssl.SSLContext:
    try:
        given = access.authority.decode() if access.authority else None
        context = ssl.create_default_context(cadata=given)
        if access.is_insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if credential.certificate and credential.key:
            _show(context, credential.certificate, credential.key)
    except (ssl.SSLError, ValueError) as error:
        raise ClusterUnreachableError(
            f"A certificate of the context {access.context!r} cannot be used.",
            str(error),
            (f"kubectl config view --context {access.context} --minify --raw",),
        ) from error
    return context


def _show(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Python reads both from a file only; it is ours alone and gone at once."""
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder) / "client.pem"
        pem.touch(mode=0o600)
        pem.write_bytes(certificate + b"\n" + key)
        context.load_cert_chain(pem)
