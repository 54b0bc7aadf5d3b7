"""What two versions of Distribution do when things go wrong, asked of the real ones and of the fake.

The engine is built on these answers. Each row runs against Debian's docker-registry 2.8.2,
Distribution 3.1.1 and the fake's dialects of both, which must answer alike.
"""

import hashlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.fakes.oci_registry import fake_registry
from tests.fakes.real_registry import RealRegistry, real_registry
from tests.registry.conftest import real_program

REPOSITORY = "team/model"
PART = b"0123456789abcdef" * 65536
"""1 MiB."""


@dataclass
class Site:
    """One registry under question."""

    version: str
    address: str
    real: RealRegistry | None

    def ask(self, method, where, body=None, headers=None):
        """(status, headers, body) of one request on its own connection."""
        url = urlsplit(where)
        target = f"{url.path}{'?' + url.query if url.query else ''}"
        with closing(http.client.HTTPConnection(self.address, timeout=20)) as connection:
            connection.request(method, target, body, headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()

    def begin(self, query: str = "") -> str:
        """A new session's Location."""
        status, headers, _ = self.ask("POST", f"/v2/{REPOSITORY}/blobs/uploads/{query}")
        assert status == 202
        return headers["location"]

    def patch(self, location: str, body: bytes = PART, content_range: str | None = None):
        """One PATCH of stated length."""
        headers = {"Content-Type": "application/octet-stream"}
        if content_range:
            headers["Content-Range"] = content_range
        return self.ask("PATCH", location, body, headers)

    def close(self, location: str, digest: str, body: bytes = b""):
        """The closing PUT."""
        joint = "&" if "?" in location else "?"
        return self.ask("PUT", f"{location}{joint}digest={digest}", body)

    def has_got(self, location: str) -> int | None:
        """How many bytes the session has; None where it cannot tell any more."""
        status, headers, _ = self.ask("GET", location)
        return int(headers["range"].partition("-")[2]) + 1 if status == 204 else None

    def cut(self, location: str, sent: bytes, stated: int) -> None:
        """A PATCH whose client dies after `sent` of `stated` bytes, which the registry has got."""
        wanted = {None, (self.has_got(location) or 0) + len(sent)}
        url = urlsplit(location)
        host, _, port = self.address.partition(":")
        with socket.create_connection((host, int(port))) as sock:
            head = (
                f"PATCH {url.path}?{url.query} HTTP/1.1\r\nHost: {self.address}\r\n"
                f"Content-Type: application/octet-stream\r\nContent-Length: {stated}\r\n\r\n"
            )
            sock.sendall(head.encode() + sent)
            time.sleep(0.3)
        time.sleep(0.5)
        end_s = time.monotonic() + 60
        while self.has_got(location) not in wanted and time.monotonic() < end_s:
            time.sleep(0.1)

    def push(self, content: bytes) -> str:
        """Have `content`; its digest."""
        digest = digest_of(content)
        assert self.close(self.begin(), digest, content)[0] == 201
        return digest


@pytest.fixture(params=["fake-v2", "fake-v3", "real-v2", "real-v3"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    kind, version = request.param.split("-")
    if kind == "fake":
        with fake_registry(version) as fake:
            yield Site(version, fake.address, None)
        return
    with real_registry(real_program(version), tmp_path) as real:
        yield Site(version, real.address, real)


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def code(body: bytes) -> str:
    return json.loads(body)["errors"][0]["code"]


def test_a_body_with_the_first_request_is_left_unread(site: Site) -> None:
    status, _, _ = site.ask(
        "POST", f"/v2/{REPOSITORY}/blobs/uploads/?digest={digest_of(b'x')}", b"x"
    )
    assert status == 202
    assert site.ask("HEAD", f"/v2/{REPOSITORY}/blobs/{digest_of(b'x')}")[0] == 404


def test_a_wrong_digest_in_one_request(site: Site) -> None:
    location = site.begin()
    status, _, body = site.close(location, digest_of(b"other"), PART)
    assert (status, code(body)) == (400, "DIGEST_INVALID")
    is_readable = site.ask("GET", location)[0] == 204
    assert is_readable is (site.version == "v3")


def test_a_wrong_digest_after_a_patch_may_be_corrected(site: Site) -> None:
    location = site.patch(site.begin())[1]["location"]
    assert site.close(location, digest_of(b"other"))[0] == 400
    assert site.close(location, digest_of(PART))[0] == 201


def test_a_client_cut_in_the_middle(site: Site) -> None:
    location = site.patch(site.begin())[1]["location"]
    site.cut(location, PART[: len(PART) // 2], len(PART))
    status, headers, body = site.ask("GET", location)
    if site.version == "v2":
        assert (status, code(body)) == (404, "BLOB_UPLOAD_INVALID")
        assert site.patch(location)[0] == 404
        return
    assert status == 204
    have = int(headers["range"].partition("-")[2]) + 1
    assert len(PART) < have <= len(PART) * 3 // 2
    assert site.patch(location)[0] == 416
    rest = (PART + PART)[have:]
    status, headers, _ = site.patch(headers["location"], rest)
    assert status == 202
    assert site.close(headers["location"], digest_of(PART + PART))[0] == 201


def test_a_client_cut_before_the_first_byte(site: Site) -> None:
    location = site.patch(site.begin())[1]["location"]
    site.cut(location, b"", len(PART))
    status, headers, _ = site.ask("GET", location)
    assert (status, headers["range"]) == (204, f"0-{len(PART) - 1}")


def test_a_body_of_open_length_that_ends_early_and_cleanly(site: Site) -> None:
    location = site.begin()
    framed = b"3e8\r\n" + PART[:1000] + b"\r\n0\r\n\r\n"
    status, headers, _ = site.ask("PATCH", location, framed, {"Transfer-Encoding": "chunked"})
    assert (status, headers["range"]) == (202, "0-999")
    status, headers, _ = site.ask("GET", headers["location"])
    assert (status, headers["range"]) == (204, "0-999")
    status, headers, _ = site.patch(headers["location"], PART[1000:])
    assert status == 202
    assert site.close(headers["location"], digest_of(PART))[0] == 201


def test_a_piece_out_of_order(site: Site) -> None:
    location = site.patch(site.begin())[1]["location"]
    status, headers, _ = site.patch(location, PART, f"{5 * len(PART)}-{6 * len(PART) - 1}")
    assert status == (202 if site.version == "v2" else 416)
    if status == 202:
        assert headers["range"] == f"0-{2 * len(PART) - 1}"


def test_mounts(site: Site) -> None:
    digest = site.push(PART)
    other = "/v2/team/other/blobs/uploads/"
    assert site.ask("POST", f"{other}?mount={digest}&from={REPOSITORY}")[0] == 201
    assert site.ask("HEAD", f"/v2/team/other/blobs/{digest}")[0] == 200
    assert site.ask("POST", f"{other}?mount={digest}")[0] == 202
    assert site.ask("POST", f"{other}?mount={digest_of(b'no')}&from={REPOSITORY}")[0] == 202


def test_a_manifest_naming_an_absent_blob(site: Site) -> None:
    status, _, body = site.ask("PUT", f"/v2/{REPOSITORY}/manifests/v1", *manifest(digest_of(b"no")))
    assert (status, code(body)) == (400, "MANIFEST_BLOB_UNKNOWN")


def test_a_subject_is_taken_and_not_listed(site: Site) -> None:
    config = site.push(b"{}")
    body, headers = manifest(config)
    document = json.loads(body)
    document["subject"] = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": digest_of(b"subject"),
        "size": 7,
    }
    where = f"/v2/{REPOSITORY}/manifests/v1"
    status, answered, _ = site.ask("PUT", where, json.dumps(document).encode(), headers)
    assert status == 201
    assert "oci-subject" not in answered
    assert site.ask("GET", f"/v2/{REPOSITORY}/referrers/{digest_of(b'subject')}")[0] == 404


def test_a_part_of_a_blob(site: Site) -> None:
    digest = site.push(PART)
    where = f"/v2/{REPOSITORY}/blobs/{digest}"
    status, _, body = site.ask("GET", where, headers={"Range": "bytes=10-"})
    assert (status, body) == (206, PART[10:])


@pytest.mark.parametrize("has_secret", [True, False])
def test_a_restart(version: str, tmp_path: Path, *, has_secret: bool) -> None:
    """With a shared secret a session lives on; without one only its Range does, and only in 3."""
    with real_registry(real_program(version), tmp_path, has_secret=has_secret) as real:
        site = Site(version, real.address, real)
        location = site.patch(site.begin())[1]["location"]
        real.stop()
        real.start()
        asked, sent = site.ask("GET", location)[0], site.patch(location)[0]
        expected = (204, 202) if has_secret else ((404, 404) if version == "v2" else (204, 404))
        assert (asked, sent) == expected


def manifest(config_digest: str) -> tuple[bytes, dict[str, str]]:
    media_type = "application/vnd.oci.image.manifest.v1+json"
    document = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config_digest,
            "size": 2,
        },
        "layers": [],
    }
    return json.dumps(document).encode(), {"Content-Type": media_type}
