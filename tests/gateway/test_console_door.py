"""The real oauth2-proxy in front of the real console: two sign-ins, one after the other, and its forms pass."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from door_world import Door, cookies_of, stand_door
from gateway_world import wait_until

from llmplat.console.settings import Settings
from llmplat.console.site import make_app
from tests.fakes.console_gateway import FakeGateway
from tests.fakes.identity_provider import serve_provider

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]

HOST = "console.llm.example.com"
RED = "sk-llmplat-red"


@contextmanager
def _console() -> Iterator[str]:
    """Its address, behind an edge that it knows by name."""
    gateway = FakeGateway({RED: ("red", "web", "k-red")})
    app = make_app(Settings("http://gateway", frozenset({HOST}), is_tls=True), gateway)
    config = uvicorn.Config(app, log_level="warning", proxy_headers=False, ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with (
        serve_provider() as provider,
        _console() as upstream,
        stand_door(tmp_path, provider, "console", upstream) as url,
    ):
        yield Door(url, provider, [], HOST)


def test_past_the_door_the_console_still_wants_a_key_and_its_forms_pass(door: Door) -> None:
    assert door.get("/sign-in", {}).status_code == 302  # to the provider: nobody sees it unasked
    _, cookies = door.sign_in(email="ann@example.com", email_verified=True)
    assert door.get("/models", cookies).headers["location"] == "/sign-in"
    answer = door.post("/sign-in", {"key": RED}, cookies)
    assert answer.status_code == 303, answer.text
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-llmplat-console=")
    assert "; Secure" in cookie
    assert door.get("/tenants/red", cookies | cookies_of(answer)).status_code == 200


def test_a_key_without_the_provider_s_word_gets_nowhere(door: Door) -> None:
    answer = door.post("/sign-in", {"key": RED}, {})
    assert answer.status_code in {302, 403}
    assert "__Host-llmplat-console" not in answer.headers.get("set-cookie", "")
