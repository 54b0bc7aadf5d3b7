"""An OpenID Connect provider of loopback that says of people whatever a test has it say."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass
class IdentityProvider:
    """Who signs in next, and with which key that is said."""

    claims: dict[str, Any] = field(default_factory=dict)
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    signs_with: rsa.RSAPrivateKey | None = None
    """Another key than the one it publishes."""
    url: str = ""
    verifiers: list[str] = field(default_factory=list)
    """PKCE verifiers that were shown."""
    _nonces: dict[str, tuple[str, str]] = field(default_factory=dict)

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def keys(self) -> dict[str, Any]:
        public = self.key.public_key().public_numbers()
        one = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k"}
        return {"keys": [{**one, "n": _number(public.n), "e": _number(public.e)}]}

    def redirect(self, query: dict[str, str]) -> str:
        """Everybody is signed in already."""
        code = hashlib.sha256(query["state"].encode()).hexdigest()
        self._nonces[code] = query.get("nonce", ""), query.get("code_challenge", "")
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        nonce, challenge = self._nonces.pop(form["code"], ("", ""))
        verifier = form.get("code_verifier", "")
        if _b64(hashlib.sha256(verifier.encode()).digest()) != challenge:
            return None
        self.verifiers.append(verifier)
        now = int(time.time())
        claims = {"iss": self.url, "aud": "llmplat", "iat": now, "exp": now + 600, "nonce": nonce}
        return {
            "access_token": "opaque",
            "token_type": "Bearer",
            "expires_in": 600,
            "id_token": self._sign({**claims, "sub": "1", **self.claims}),
        }

    def _sign(self, claims: dict[str, Any]) -> str:
        head = {"alg": "RS256", "typ": "JWT", "kid": "k"}
        text = ".".join(_b64(json.dumps(part).encode()) for part in (head, claims))
        key = self.signs_with or self.key
        return f"{text}.{_b64(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


@contextmanager
def serve_provider() -> Iterator[IdentityProvider]:
    """One on loopback until the block ends."""
    provider = IdentityProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = urlsplit(self.path)
            query = {key: value[0] for key, value in parse_qs(place.query).items()}
            if place.path == "/auth":
                self.send_response(302)
                self.send_header("Location", provider.redirect(query))
                self.end_headers()
                return
            pages = {
                "/.well-known/openid-configuration": provider.discovery(),
                "/keys": provider.keys(),
                "/userinfo": {"sub": "1"},
            }
            self._say(pages.get(place.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._say(provider.token({key: value[0] for key, value in parse_qs(body).items()}))

        def _say(self, document: dict[str, Any] | None) -> None:
            body = json.dumps(document or {"error": "invalid_grant"}).encode()
            self.send_response(200 if document else 400)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
