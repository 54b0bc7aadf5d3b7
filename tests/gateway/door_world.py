"""The real oauth2-proxy with the settings that we render, before it a provider and behind it a page."""

import os
import secrets
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
from gateway_world import start, wait_until

from llmplat.render.objects.sign_in import make_settings, write_settings
from tests.fakes.cluster_platform import catalog, plan_with
from tests.fakes.experience import with_sign_in
from tests.fakes.identity_provider import IdentityProvider
from tests.fakes.ports import free_port

HOST = "chat.llm.example.com"


def find_proxy() -> str:
    """LLMPLAT_TEST_OAUTH2_PROXY, else what .ci/setup-tests built of the version that we render."""
    given = os.environ.get("LLMPLAT_TEST_OAUTH2_PROXY")
    version = catalog().images["oauth2-proxy"].reference.rpartition(":")[2]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = cache / "llmplat-test-tools" / "bin" / f"oauth2-proxy-{version}"
    if given or built.is_file():
        return given or str(built)
    pytest.skip(
        f"no oauth2-proxy {version} here (bash .ci/setup-tests, or LLMPLAT_TEST_OAUTH2_PROXY)"
    )


@contextmanager
def serve_app() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
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
    host: str = HOST

    def get(self, path: str, cookies: dict[str, str], **headers: str) -> httpx.Response:
        """As the edge sends a browser's request on."""
        return httpx.get(self.url + path, headers=self._shown(cookies, headers), timeout=60)

    def post(self, path: str, form: dict[str, str], cookies: dict[str, str]) -> httpx.Response:
        """A form of the page's own."""
        shown = self._shown(cookies, {"Origin": f"https://{self.host}"})
        return httpx.post(self.url + path, data=form, headers=shown, timeout=60)

    def _shown(self, cookies: dict[str, str], more: dict[str, str]) -> dict[str, str]:
        shown = {"Host": self.host, "X-Forwarded-Proto": "https", "X-Forwarded-Host": self.host}
        if cookies:
            shown["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return shown | more

    def sign_in(self, **claims: Any) -> tuple[httpx.Response, dict[str, str]]:
        """The whole way by the provider: the callback's answer and the browser's cookies."""
        self.provider.claims = claims
        first = self.get("/", {})
        assert first.status_code == 302, first.text
        back = httpx.get(first.headers["location"], timeout=60).headers["location"]
        place = urlsplit(back)
        assert (place.scheme, place.netloc) == ("https", self.host)
        cookies = cookies_of(first)
        answer = self.get(f"{place.path}?{place.query}", cookies)
        return answer, cookies | cookies_of(answer)


def cookies_of(answer: httpx.Response) -> dict[str, str]:
    pairs = (one.partition(";")[0].partition("=") for one in answer.headers.get_list("set-cookie"))
    return {name: value for name, _, value in pairs if value}


@contextmanager
def open_door(folder: Path, provider: IdentityProvider, name: str = "open-webui") -> Iterator[Door]:
    """The door of the page `name`, in front of an app that takes note."""
    with (
        serve_app() as (upstream, seen),
        stand_door(folder, provider, name, upstream) as url,
    ):
        yield Door(url, provider, seen)


@contextmanager
def stand_door(folder: Path, provider: IdentityProvider, name: str, upstream: str) -> Iterator[str]:
    """The address of oauth2-proxy, with the settings rendered for the page `name`."""
    experience = plan_with(_with_pages).cluster.workloads.experience
    sign_in = replace(experience.sign_in, issuer=provider.url)
    page = next(one for one in experience.pages if one.name == name)
    port = free_port()
    settings = make_settings(page, sign_in, "llm.example.com")
    settings |= {"http_address": f"127.0.0.1:{port}", "upstreams": [upstream]}
    file = folder / f"{name}.cfg"
    file.write_text(write_settings(settings))
    env = {
        "OAUTH2_PROXY_CLIENT_SECRET": "client-secret",
        "OAUTH2_PROXY_COOKIE_SECRET": secrets.token_urlsafe(32),
    }
    child = start([find_proxy(), f"--config={file}"], folder / f"{name}.log", env)
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        assert child.process.poll() is None, child.log.read_text()[-3000:]
        return _is_ready(url)

    try:
        wait_until(is_ready, 90, 0.1)
        yield url
    finally:
        child.end()


def _with_pages(document: dict[str, Any]) -> None:
    with_sign_in(document)
    document["components"]["console"] = {"enabled": True}


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready", headers={"Host": HOST}, timeout=20).status_code == 200
    except httpx.HTTPError:
        return False
