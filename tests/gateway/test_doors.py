"""The real oauth2-proxy with the settings that we render: who comes in, and as whom.

It is built from its source by hand (its module is not in every proxy); without it these are skipped.
"""

import json
import os
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from gateway_world import find_port, start, wait_until

from llmplat.render.objects.sign_in import make_settings, write_settings
from tests.fakes.cluster_platform import plan_with
from tests.fakes.experience import with_sign_in
from tests.fakes.identity_provider import IdentityProvider, serve_provider

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]

HOST = "chat.llm.example.com"
HONEST = {"email": "ann@example.com", "email_verified": True, "preferred_username": "Ann"}
FORGED = {
    "X-Forwarded-Email": "boss@example.com",
    "X-Forwarded-User": "boss",
    "X-Forwarded-Preferred-Username": "Boss",
    "X-Forwarded-Groups": "admins",
}


def _binary() -> str:
    given = os.environ.get("LLMPLAT_TEST_OAUTH2_PROXY") or shutil.which("oauth2-proxy")
    cached = Path.home() / ".cache" / "llmplat-test-tools" / "bin" / "oauth2-proxy"
    found = given or (str(cached) if cached.is_file() else "")
    if not found:
        pytest.skip("no oauth2-proxy here (LLMPLAT_TEST_OAUTH2_PROXY says where it is)")
    return found


@contextmanager
def _app() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """An app behind the door: its address, and the headers of each request that came through."""
    seen: list[dict[str, list[str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers: dict[str, list[str]] = {}
            for name, value in self.headers.items():
                headers.setdefault(name.lower(), []).append(value)
            seen.append(headers)
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Door:
    """A running door and what is before and behind it."""

    url: str
    provider: IdentityProvider
    seen: list[dict[str, list[str]]]

    def get(self, path: str, cookies: dict[str, str], **headers: str) -> httpx.Response:
        """As the edge sends a browser's request on."""
        shown = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-Host": HOST, **headers}
        if cookies:
            shown["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return httpx.get(self.url + path, headers=shown, timeout=20)

    def sign_in(self, **claims: Any) -> tuple[httpx.Response, dict[str, str]]:
        """The whole way by the provider: the callback's answer and the browser's cookies."""
        self.provider.claims = claims
        first = self.get("/", {})
        assert first.status_code == 302, first.text
        back = httpx.get(first.headers["location"], timeout=20).headers["location"]
        place = urlsplit(back)
        assert (place.scheme, place.netloc) == ("https", HOST)
        cookies = _cookies(first)
        answer = self.get(f"{place.path}?{place.query}", cookies)
        return answer, cookies | _cookies(answer)


def _cookies(answer: httpx.Response) -> dict[str, str]:
    pairs = (one.partition(";")[0].partition("=") for one in answer.headers.get_list("set-cookie"))
    return {name: value for name, _, value in pairs if value}


@contextmanager
def _door(
    folder: Path, provider: IdentityProvider, app: str = "open-webui", within_s: float = 20
) -> Iterator[Door]:
    experience = plan_with(with_sign_in).cluster.workloads.experience
    sign_in = replace(experience.sign_in, issuer=provider.url)
    one = next(one for one in experience.apps if one.name == app)
    port = find_port()
    with _app() as (upstream, seen):
        settings = make_settings(one, sign_in, "llm.example.com")
        settings |= {"http_address": f"127.0.0.1:{port}", "upstreams": [upstream]}
        file = folder / f"{app}.cfg"
        file.write_text(write_settings(settings))
        env = {
            "OAUTH2_PROXY_CLIENT_SECRET": "client-secret",
            "OAUTH2_PROXY_COOKIE_SECRET": secrets.token_urlsafe(32),
        }
        child = start([_binary(), f"--config={file}"], folder / f"{app}.log", env)
        try:
            door = Door(f"http://127.0.0.1:{port}", provider, seen)
            wait_until(lambda: _is_ready(door), within_s, 0.1)
            yield door
        finally:
            child.end()


def _is_ready(door: Door) -> bool:
    try:
        return door.get("/ready", {}).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with serve_provider() as found:
        yield found


@pytest.fixture(scope="module")
def door(provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with _door(tmp_path_factory.mktemp("door"), provider) as found:
        yield found


@pytest.fixture(autouse=True)
def _fresh(door: Door) -> None:
    door.seen.clear()
    door.provider.signs_with = None


def test_whoever_is_verified_comes_in_by_pkce_under_their_own_address(door: Door) -> None:
    answer, cookies = door.sign_in(**HONEST)
    assert answer.status_code == 302, answer.text
    assert door.provider.verifiers
    assert all(name.startswith("__Host-open-webui") for name in cookies)
    assert door.get("/", cookies).status_code == 200
    assert door.seen[-1]["x-forwarded-email"] == ["ann@example.com"]
    assert door.seen[-1]["x-forwarded-preferred-username"] == ["Ann"]


def test_a_forged_identity_is_replaced(door: Door) -> None:
    _, cookies = door.sign_in(**HONEST)
    assert door.get("/", cookies, **FORGED).status_code == 200
    text = json.dumps(door.seen[-1])
    assert door.seen[-1]["x-forwarded-email"] == ["ann@example.com"]
    assert "boss" not in text.lower()
    assert "admins" not in text


def test_without_a_session_no_header_helps(door: Door) -> None:
    for path in ("/", "/api/v1/chats", "/v1/models", "/oauth2/../", "//", "/%2e%2e/"):
        assert door.get(path, {}, **FORGED).status_code in {301, 302, 400, 403, 404}, path
    assert door.seen == []


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("says it is not verified", {**HONEST, "email_verified": False}),
        ("says nothing of it", {"email": "ann@example.com"}),
        ("says no", {**HONEST, "email_verified": "no"}),
        ("says null", {**HONEST, "email_verified": None}),
        ("another house", {**HONEST, "email": "ann@other.example"}),
        ("a house that ends alike", {**HONEST, "email": "ann@notexample.com"}),
        ("a house below ours", {**HONEST, "email": "ann@example.com.evil.example"}),
        ("no address", {"email_verified": True}),
        ("somebody else's platform", {**HONEST, "aud": "another"}),
        ("another issuer", {**HONEST, "iss": "https://other.example"}),
        ("long over", {**HONEST, "exp": 1_700_000_000}),
        ("of another sign-in", {**HONEST, "nonce": "replayed"}),
    ],
)
def test_a_provider_that_lies_or_is_silent_lets_nobody_in(
    door: Door, name: str, claims: dict[str, Any]
) -> None:
    answer, cookies = door.sign_in(**claims)
    assert answer.status_code in {401, 403, 500}, name
    assert door.get("/", cookies).status_code in {302, 403}
    assert door.seen == []


def test_another_key_than_the_published_one_lets_nobody_in(door: Door) -> None:
    door.provider.signs_with = rsa.generate_private_key(65537, 2048)
    answer, cookies = door.sign_in(**HONEST)
    assert answer.status_code in {401, 403, 500}
    assert door.get("/", cookies).status_code == 302
    assert door.seen == []


def test_a_cookie_of_one_door_opens_no_other(door: Door, tmp_path: Path) -> None:
    _, cookies = door.sign_in(**HONEST)
    with _door(tmp_path, door.provider, "n8n") as other:
        renamed = {name.replace("open-webui", "n8n"): value for name, value in cookies.items()}
        assert other.get("/", cookies).status_code == 302
        assert other.get("/", renamed).status_code == 302
        assert other.seen == []


def test_tabby_s_clients_pass_without_an_identity(
    provider: IdentityProvider, tmp_path: Path
) -> None:
    with _door(tmp_path, provider, "tabby") as door:
        assert door.get("/v1/health", {}, **FORGED).status_code == 200
        assert "x-forwarded-email" not in door.seen[-1]
        assert door.get("/", {}, **FORGED).status_code == 302
        assert door.get("/graphql", {}).status_code == 302


def test_a_provider_that_is_down_opens_nothing(tmp_path: Path) -> None:
    gone = IdentityProvider(url=f"http://127.0.0.1:{find_port()}")
    with pytest.raises(AssertionError), _door(tmp_path, gone, within_s=3):
        pass
    assert "Connection refused" in (tmp_path / "open-webui.log").read_text().replace(
        "connection refused", "Connection refused"
    )
