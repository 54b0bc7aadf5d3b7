"""Requests to one registry -> answers: connections, account, redirects, and patience with a busy one."""

import os
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from urllib.parse import urljoin, urlsplit

from llmplat.adapters.loopback import is_loopback, speaks_tls
from llmplat.adapters.oci_auth import Authorizer
from llmplat.adapters.oci_credentials import Credentials
from llmplat.adapters.oci_errors import PASSING
from llmplat.adapters.oci_stop import Stop
from llmplat.adapters.oci_wire import NOTHING, Answer, Body, Bytes, Wire, WireError
from llmplat.adapters.patience import Patience
from llmplat.adapters.tls_trust import CA_NAME, tls_context
from llmplat.domain.errors import RegistryError, RegistryRefusedError

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_HUB_ALIASES = {"docker.io", "index.docker.io"}


class RegistryClient:
    """One registry for all threads; each has its own connections."""

    def __init__(
        self,
        host: str,
        credentials: Credentials | None,
        *,
        plain_http: bool = False,
        patience: Patience | None = None,
        stop: Stop | None = None,
        env: Mapping[str, str] = os.environ,
    ) -> None:
        self.host = host
        self._env = env
        self.patience = patience or Patience()
        self.stop = stop or Stop()
        self.scope = ""
        self._plain_http = plain_http
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._own = threading.local()
        self.auth = Authorizer(host, credentials, self._ask_plainly)

    @cached_property
    def base(self) -> str:
        """The address that every path is below; on this machine TLS is not a must."""
        name = "registry-1.docker.io" if self.host in _HUB_ALIASES else self.host
        is_plain = self._plain_http or (is_loopback(self.host) and not speaks_tls(self.host))
        return f"{'http' if is_plain else 'https'}://{name}/"

    def once(
        self,
        method: str,
        where: str,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        make_body: Callable[[], Body] | None = None,
    ) -> Answer:
        """One request, repeated only with a fresh token after a 401. Raises WireError."""
        address = urljoin(self.base, where)
        body = make_body() if make_body else None
        token = self._token(address)
        answer = self._send(method, address, _with(headers, token), body)
        if answer.status == 401 and self.auth.challenge(answer, self.scope, token):
            body = make_body() if make_body else None
            answer = self._send(method, address, _with(headers, self._token(address)), body)
        return answer

    def ask(
        self,
        method: str,
        where: str,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        content: bytes | None = None,
    ) -> Answer:
        """A small request that may be repeated, until it is answered by other than "busy".

        Raises RegistryError when nobody answers, KeyboardInterrupt when asked to stop.
        """
        body: Body | None = Bytes(content) if content is not None else None
        if body is None and method in {"POST", "PUT", "PATCH"}:
            body = NOTHING
        make_body = (lambda: body) if body is not None else None
        return self._patiently(
            lambda: self.once(method, where, headers=headers, make_body=make_body)
        )

    def _patiently(self, send: Callable[[], Answer], who: str = "") -> Answer:
        """`send` again and again, until it is answered by other than "busy"."""
        attempt = 0
        while True:
            retry_after = None
            try:
                answer = send()
                if answer.status not in PASSING or attempt + 1 >= self.patience.attempts:
                    return answer
                retry_after = answer.headers.get("retry-after")
            except WireError as exc:
                if isinstance(exc.__cause__, ssl.SSLCertVerificationError):
                    raise self._untrusted(f"{who}{exc}") from exc
                if attempt + 1 >= self.patience.attempts:
                    raise self.unreachable(f"{who}{exc}") from exc
            if self.stop.wait(self.patience.delay_s(attempt, retry_after)):
                raise KeyboardInterrupt
            attempt += 1

    def stream(
        self, where: str, start: int, end: int | None = None
    ) -> tuple[Answer, Iterator[bytes]]:
        """GET `where` from byte `start`, to before `end`, redirects followed. Raises WireError."""
        address = urljoin(self.base, where)
        last = "" if end is None else str(end - 1)
        headers = {"Range": f"bytes={start}-{last}"} if start or last else {}
        token = self._token(address)
        for _ in range(_MOST_REDIRECTS):
            target = self._target(address)
            answer, chunks = self._wire(address).stream(target, _with(headers, token))
            if answer.status == 401 and self.auth.challenge(answer, self.scope, token):
                token = self._token(address)
            elif answer.status in _REDIRECTS and answer.headers.get("location"):
                address = self._follow(address, answer.headers["location"])
                token = self._token(address)
            else:
                return answer, chunks
            for _unread in chunks:
                pass
        raise WireError(f"it redirected more than {_MOST_REDIRECTS} times")

    def unreachable(self, why: str) -> RegistryError:
        """What to raise when nobody answers."""
        return RegistryError(
            f"{self.host} cannot be reached.",
            why=f"{why}; given up after {self.patience.attempts} tries in a row",
            fix=(
                "check the registry's name and the network, then run the same command again",
                "for a registry without TLS that is not on this machine: --plain-http",
            ),
        )

    def _untrusted(self, why: str) -> RegistryError:
        return RegistryError(
            f"{self.host} cannot be trusted.",
            why=why,
            fix=(
                f"export {CA_NAME}=/path/to/ca.crt, the certificate of who signed the registry's",
                f"or put it where docker looks: /etc/docker/certs.d/{self.host}/ca.crt",
            ),
        )

    def resolve(self, address: str, location: str) -> str:
        """A Location of an answer from `address`; refused when it gives up TLS."""
        return self._follow(address, location)

    def _follow(self, address: str, location: str) -> str:
        after = urljoin(urljoin(self.base, address), location)
        own, parts = urlsplit(self.base), urlsplit(after)
        if parts.netloc == own.netloc:
            # A registry behind a proxy often does not know that it is reached with TLS.
            return parts._replace(scheme=own.scheme).geturl()
        if own.scheme == "https" and parts.scheme != "https":
            raise RegistryRefusedError(
                f"{self.host} sends you to an address without TLS.",
                why=f"it is {parts.scheme}://{parts.netloc}",
                fix=("tell its operator: the public address in its configuration needs https",),
            )
        return after

    def _send(
        self, method: str, address: str, headers: Mapping[str, str], body: Body | None
    ) -> Answer:
        for _ in range(_MOST_REDIRECTS):
            answer = self._wire(address).ask(method, self._target(address), headers, body)
            is_moved = answer.status in _REDIRECTS and answer.headers.get("location")
            if not is_moved or not (body is None or isinstance(body, Bytes)):
                return answer
            address = self._follow(address, answer.headers["location"])
            headers = _with(
                {k: v for k, v in headers.items() if k != "Authorization"}, self._token(address)
            )
        raise WireError(f"it redirected more than {_MOST_REDIRECTS} times")

    def _ask_plainly(
        self, method: str, url: str, headers: dict[str, str], content: bytes | None
    ) -> Answer:
        body = Bytes(content) if content is not None else None
        return self._patiently(
            lambda: self._wire(url).ask(method, self._target(url), _with(headers, None), body),
            f"its token service {urlsplit(url).netloc}: ",
        )

    def _token(self, address: str) -> str | None:
        """The account is for the registry itself, never for where it stores its blobs."""
        is_own = urlsplit(address).netloc == urlsplit(self.base).netloc
        return self.auth.header(self.scope) if is_own else None

    @staticmethod
    def _target(address: str) -> str:
        parts = urlsplit(address)
        return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"

    def _wire(self, address: str) -> Wire:
        parts = urlsplit(address)
        mine: dict[tuple[str, str], Wire] = self._own.__dict__.setdefault("wires", {})
        key = (parts.scheme, parts.netloc)
        if key not in mine:
            context = self._context(parts.netloc) if parts.scheme == "https" else None
            mine[key] = Wire(parts.scheme, parts.netloc, context, self.patience.read_timeout_s)
        return mine[key]

    def _context(self, host: str) -> ssl.SSLContext:
        if host not in self._contexts:
            self._contexts[host] = tls_context(host, self._env)
        return self._contexts[host]


def _with(headers: Mapping[str, str], token: str | None) -> dict[str, str]:
    made = {"User-Agent": "llmplat", **headers}
    return {**made, "Authorization": token} if token else made
