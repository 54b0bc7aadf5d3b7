"""A registry's challenge and an account -> the Authorization header of each request, kept fresh."""

import base64
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from llmplat.adapters.loopback import is_loopback
from llmplat.adapters.oci_credentials import Credentials
from llmplat.adapters.oci_wire import Answer
from llmplat.domain.errors import RegistryError, RegistryRefusedError
from llmplat.domain.foreign_text import parse_json

_DEFAULT_LIFE_S = 60.0
"""Of a token that does not say, as the token specification has it."""
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_CLIENT = "llmplat"

AskUrl = Callable[[str, str, dict[str, str], bytes | None], Answer]
"""Method, whole URL, headers, body -> the answer, with no Authorization added."""


@dataclass(frozen=True)
class _Token:
    value: str
    fresh_until: float


class Authorizer:
    """The account's standing at one registry; shared by all threads."""

    def __init__(self, host: str, credentials: Credentials | None, ask: AskUrl) -> None:
        self._host = host
        self._credentials = credentials
        self._ask = ask
        self._lock = threading.Lock()
        self._basic = False
        self._realm: tuple[str, str] | None = None
        self._tokens: dict[str, _Token] = {}

    @property
    def account(self) -> str:
        """Who asks, for error texts."""
        if self._credentials is None:
            return "nobody (no credentials were found)"
        name = self._credentials.username or "a token"
        return f"{name!r} of {self._credentials.origin}"

    def header(self, scope: str) -> str | None:
        """The Authorization for `scope`, asked anew when it has used half of its life."""
        with self._lock:
            if self._basic and self._credentials is not None:
                return _basic(self._credentials)
            if self._realm is None:
                return None
            token = self._tokens.get(scope)
            if token is None or time.monotonic() > token.fresh_until:
                token = self._fetch(scope)
                self._tokens[scope] = token
            return f"Bearer {token.value}"

    def challenge(self, answer: Answer, scope: str, sent: str | None) -> bool:
        """Learn from a 401; True when the request is worth another try."""
        asked = answer.headers.get("www-authenticate", "")
        kind, _, rest = asked.partition(" ")
        with self._lock:
            if kind.lower() == "basic":
                was_tried, self._basic = sent is not None, self._credentials is not None
                return self._basic and not was_tried
            if kind.lower() != "bearer":
                return False
            said = dict(_PARAMETER.findall(rest))
            if not said.get("realm"):
                return False
            self._realm = (said["realm"], said.get("service", ""))
            self._tokens.pop(scope, None)
            return True

    def _fetch(self, scope: str) -> _Token:
        realm, service = self._realm or ("", "")
        self._check_realm(realm)
        answer = self._ask_for_token(realm, {"service": service, "scope": scope})
        if answer.status in {401, 403}:
            raise RegistryRefusedError(
                f"{self._host} does not accept your account.",
                why=f"its token service answered {answer.status} to {self.account}",
                fix=(f"docker login {self._host}",),
            )
        try:
            document = parse_json(answer.body)
            value = str(document.get("token") or document["access_token"])
            life_s = float(document.get("expires_in") or _DEFAULT_LIFE_S)
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise RegistryError(
                f"The token service of {self._host} gave no token.",
                why=f"{urlsplit(realm).netloc} answered {answer.status}",
                fix=("run the same command again",),
            ) from exc
        return _Token(value, time.monotonic() + life_s / 2)

    def _ask_for_token(self, realm: str, wanted: dict[str, str]) -> Answer:
        account = self._credentials
        if account is not None and account.identity_token:
            form = {
                **wanted,
                "grant_type": "refresh_token",
                "refresh_token": account.identity_token,
                "client_id": _CLIENT,
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return self._ask("POST", realm, headers, urlencode(form).encode())
        headers = {"Authorization": _basic(account)} if account is not None else {}
        joint = "&" if "?" in realm else "?"
        # Several scopes are said as several parameters.
        pairs = [
            ("service", wanted["service"]),
            *(("scope", s) for s in wanted["scope"].split(" ")),
        ]
        return self._ask("GET", f"{realm}{joint}{urlencode(pairs)}", headers, None)

    def _check_realm(self, realm: str) -> None:
        address = urlsplit(realm)
        if address.scheme == "https" or is_loopback(address.netloc):
            return
        raise RegistryRefusedError(
            f"{self._host} wants your password sent unencrypted.",
            why=f"its token service is {address.scheme}://{address.netloc}",
            fix=("ask its operator for a token service with https",),
        )


def _basic(account: Credentials) -> str:
    pair = f"{account.username}:{account.password}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
