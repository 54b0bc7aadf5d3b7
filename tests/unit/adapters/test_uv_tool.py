"""What uv is told, and how its words become ours."""

import pytest

from llmplat.adapters.uv_tool import only_from, redact_urls, translate, uv_environment
from llmplat.domain.errors import DownloadError, PreconditionError
from llmplat.domain.mirror import ANYWHERE, FetchFrom


def test_pips_settings_stand_in_for_uvs() -> None:
    env = uv_environment(
        {
            "PIP_INDEX_URL": "https://index.example/simple",
            "PIP_FIND_LINKS": "/one  /two",
            "PIP_EXTRA_INDEX_URL": "https://a.example https://b.example",
            "PIP_CERT": "/certs.pem",
            "PYTHONPATH": "/mine",
            "HOME": "/home",
        }
    )
    assert env["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert env["UV_FIND_LINKS"] == "/one,/two"
    assert env["UV_INDEX"] == "https://a.example https://b.example"
    assert env["SSL_CERT_FILE"] == "/certs.pem"
    assert env["HOME"] == "/home"
    assert "PYTHONPATH" not in env


@pytest.mark.parametrize("uv_name", ["UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_uvs_own_settings_win(uv_name: str) -> None:
    env = uv_environment({"PIP_INDEX_URL": "https://pip", uv_name: "https://uv"})
    assert [env.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL")].count("https://uv") == 1
    assert "https://pip" not in {v for k, v in env.items() if k.startswith("UV_")}


def test_urls_lose_credentials_and_queries() -> None:
    said = "Failed to fetch: `https://user:secret@host/simple/x?token=abc` (https://h/?a=b)"
    assert redact_urls(said) == "Failed to fetch: `https://***@host/simple/x?...` (https://h/?...)"


@pytest.mark.parametrize(
    ("said", "kind", "why"),
    [
        ("  cause: Hash mismatch for `six==1.17.0`", DownloadError, "hash mismatch: six==1.17.0"),
        ("error: No space left on device (os error 28)", PreconditionError, "the disk is full"),
        ("error: Request failed after 3 retries", DownloadError, "could not be reached"),
        ("error: something new", DownloadError, "uv said: error: something new"),
        ("", DownloadError, "uv said: nothing"),
    ],
)
def test_what_uv_says_becomes_why(said: str, kind: type[Exception], why: str) -> None:
    error = translate(said, "Installing X")
    assert type(error) is kind
    assert error.what == "Installing X failed."
    assert why in str(error.why)
    assert error.details == said
    assert error.fix


def test_behind_a_mirror_uv_knows_no_other_index():
    env = {"UV_INDEX": "https://a/simple", "UV_FIND_LINKS": "/old", "HOME": "/h"}
    assert only_from(env, ANYWHERE) == env
    folder = only_from(env, FetchFrom(wheels="/srv/mirror/packages", is_closed=True))
    assert folder == {
        "HOME": "/h",
        "UV_NO_CONFIG": "1",
        "UV_FIND_LINKS": "/srv/mirror/packages",
        "UV_NO_INDEX": "1",
        "UV_OFFLINE": "1",
    }
    index = only_from(env, FetchFrom(packages="https://m/simple", is_closed=True))
    assert index == {"HOME": "/h", "UV_NO_CONFIG": "1", "UV_DEFAULT_INDEX": "https://m/simple"}
