"""The real oauth2-proxy with the settings that we render: who comes in, and as whom.

`.ci/setup-tests` builds it; without it these are skipped.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from door_world import Door, open_door

from tests.fakes.identity_provider import IdentityProvider, serve_provider
from tests.fakes.ports import free_port

pytestmark = [pytest.mark.gateway, pytest.mark.enable_socket]

HONEST = {"email": "ann@example.com", "email_verified": True, "preferred_username": "Ann"}
FORGED = {
    "X-Forwarded-Email": "boss@example.com",
    "X-Forwarded-User": "boss",
    "X-Forwarded-Preferred-Username": "Boss",
    "X-Forwarded-Groups": "admins",
}


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with serve_provider() as found:
        yield found


@pytest.fixture(scope="module")
def door(provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with open_door(tmp_path_factory.mktemp("door"), provider) as found:
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
    with open_door(tmp_path, door.provider, "n8n") as other:
        renamed = {name.replace("open-webui", "n8n"): value for name, value in cookies.items()}
        assert other.get("/", cookies).status_code == 302
        assert other.get("/", renamed).status_code == 302
        assert other.seen == []


def test_tabby_s_clients_pass_without_an_identity(
    provider: IdentityProvider, tmp_path: Path
) -> None:
    with open_door(tmp_path, provider, "tabby") as door:
        assert door.get("/v1/health", {}, **FORGED).status_code == 200
        assert "x-forwarded-email" not in door.seen[-1]
        assert door.get("/", {}, **FORGED).status_code == 302
        assert door.get("/graphql", {}).status_code == 302


def test_a_provider_that_is_down_opens_nothing(tmp_path: Path) -> None:
    gone = IdentityProvider(url=f"http://127.0.0.1:{free_port()}")
    refused = pytest.raises(AssertionError, match=r"(?i)connection refused")  # it ended, saying so
    with refused, open_door(tmp_path, gone):
        pass
