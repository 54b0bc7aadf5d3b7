"""A registry in memory that speaks the dialects of real ones and fails when it is told to.

Its `v2` and `v3` dialects replay what Debian's docker-registry 2.8.2 and Distribution 3.1.1 do in
tests/registry/test_failure_table.py, which runs against those two as well. The others are written
from public reports of how the services answer, not recorded from them.
"""

import hashlib
import json
import re
import ssl
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

MIB = 1024 * 1024


@dataclass
class Speech:
    """What tells one registry from another."""

    signs_state: bool = False
    """The Location carries the offset it is valid for."""
    survives_cut: bool = True
    """What came before a cut can be taken up."""
    checks_order: bool = True
    most_sized_patch_bytes: int | None = None
    takes_patches: bool = True
    range_lies: str = ""
    """"sticks" at the first piece, or tells the "last" piece only."""
    chunk_min_length: int | None = None


DIALECTS = {
    "v2": Speech(signs_state=True, survives_cut=False, checks_order=False),
    "v3": Speech(signs_state=True),
    "ghcr": Speech(most_sized_patch_bytes=4 * MIB, survives_cut=False),
    "ecr": Speech(range_lies="sticks", survives_cut=False),
    "gar": Speech(takes_patches=False, survives_cut=False),
    "zot": Speech(range_lies="last"),
}


@dataclass
class Fault:
    """What goes wrong in one phase: begin, patch, ask, close, head, manifest, tag, token, read."""

    phase: str
    status: int = 0
    """Answer this instead; 0: no answer of its own."""
    code: str = "UNKNOWN"
    message: str = "injected"
    cut_after: int | None = None
    """Cut the connection after so many bytes of the body (0: before any)."""
    cut_answer: bool = False
    """Do the work, then cut the connection instead of answering."""
    wrong_digest: bool = False
    loses_blob: bool = False
    """Say 201 and have nothing."""
    times: int = 1
    skip: int = 0
    """Let so many requests of the phase pass first."""
    restart: bool = False
    """Forget all sessions, as a restart without a shared secret does."""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Session:
    """One upload."""

    repository: str
    content: bytearray = field(default_factory=bytearray)
    valid_from: int = 0
    """The offset that the last handed-out Location is for."""
    first_patch_end: int = 0
    last_patch_bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class FakeRegistry:
    """All of it; tests read and set its fields."""

    speech: Speech
    address: str = ""
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    body_bytes: int = 0
    """Of uploads, as they came in."""
    served_bytes: int = 0
    """Of blobs, as they went out."""
    password: str | None = None
    """With one, a token is needed: Basic user:password at /token."""
    identity_token: str | None = None
    """What may be exchanged for a token instead, as OAuth2 has it."""
    exchanges: list[dict[str, str]] = field(default_factory=list)
    """The forms that such exchanges were asked with."""
    token_requests_left: int | None = None
    """So many requests a token lasts; None: for ever."""
    tokens: dict[str, int] = field(default_factory=dict)
    immutable_tags: bool = False
    has_referrers: bool = False
    _held_at: int | None = None
    _counting: threading.Condition = field(default_factory=threading.Condition)
    """Several connections count and take faults at once."""

    def fault(self, phase: str) -> Fault | None:
        """The fault due in `phase`, counted down."""
        with self._counting:
            for fault in self.faults:
                if fault.phase != phase or fault.times <= 0:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    return None
                fault.times -= 1
                return fault
            return None

    def hold_at(self, served_bytes: int | None) -> None:
        """Of blobs it sends no more than so many bytes, then waits; None: it goes on."""
        with self._counting:
            self._held_at = served_bytes
            self._counting.notify_all()

    def came(self, count: int) -> None:
        """So many bytes of uploads more (or less, where they do not count)."""
        with self._counting:
            self.body_bytes += count

    def goes(self, count: int) -> None:
        """So many bytes of blobs more; waits where it is held."""
        with self._counting:
            self._counting.wait_for(
                lambda: self._held_at is None or self.served_bytes < self._held_at
            )
            self.served_bytes += count

    def tag(self, repository: str, name: str) -> bytes | None:
        """The manifest named so."""
        found = self.manifests.get((repository, name))
        return found[1] if found else None


@contextmanager
def fake_registry(
    dialect: str | Speech, certificate: Path | None = None, client_authority: Path | None = None
) -> Iterator[FakeRegistry]:
    """A registry of that dialect until the block ends, with TLS where it has a certificate.

    With a `client_authority` it takes only clients whose certificate that one signed.
    """
    registry = FakeRegistry(DIALECTS[dialect] if isinstance(dialect, str) else dialect)

    class Handler(_Handler):
        owner = registry

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        if client_authority is not None:
            context.load_verify_locations(client_authority)
            context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True)
        # A client that refuses the certificate is what a test wants, not a traceback.
        server.handle_error = lambda *_args: None
    registry.address = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _CutError(Exception):
    """The connection ends here."""


class _Handler(BaseHTTPRequestHandler):
    owner: FakeRegistry
    protocol_version = "HTTP/1.1"

    @property
    def _base(self) -> str:
        scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        return f"{scheme}://{self.headers['Host']}"

    def log_message(self, *_args) -> None:
        """Nobody listens."""

    def _run(self) -> None:
        url = urlsplit(self.path)
        self.query = {k: v[0] for k, v in parse_qs(url.query).items()}
        self.owner.requests.append((self.command, self.path))
        self._consumed = False
        try:
            self._route(url.path)
        except _CutError:
            self.close_connection = True
        except OSError:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _run  # noqa: N815

    def _route(self, path: str) -> None:
        if path == "/token":
            self._token()
            return
        if not self._may():
            return
        if match := re.fullmatch(r"/v2/(.+)/blobs/uploads/([^/]*)", path):
            self._uploads(match[1], match[2])
        elif match := re.fullmatch(r"/v2/(.+)/blobs/(sha256:\w+)", path):
            self._blob(match[1], match[2])
        elif match := re.fullmatch(r"/v2/(.+)/manifests/([^/]+)", path):
            self._manifest(match[1], match[2])
        elif match := re.fullmatch(r"/v2/(.+)/referrers/(sha256:\w+)", path):
            self._referrers(match[1], match[2])
        else:
            self._say(200 if path == "/v2/" else 404)

    # access

    def _token(self) -> None:
        if self._struck("token"):
            return
        if self.command == "POST":
            self._exchange()
            return
        if not self.headers.get("Authorization", "").startswith("Basic "):
            self._fail(401, "UNAUTHORIZED")
            return
        import base64

        pair = base64.b64decode(self.headers["Authorization"].split()[1]).decode()
        if pair.partition(":")[2] != self.owner.password:
            self._fail(401, "UNAUTHORIZED")
            return
        self._say(200, json.dumps({"token": self._new_token(), "expires_in": 300}).encode())

    def _exchange(self) -> None:
        form = {k: v[0] for k, v in parse_qs(b"".join(self._body(None)).decode()).items()}
        self.owner.exchanges.append(form)
        is_right = form.get("refresh_token") == self.owner.identity_token
        if form.get("grant_type") != "refresh_token" or not is_right:
            self._fail(401, "UNAUTHORIZED")
            return
        # The name that OAuth2 gives it, and not "token".
        self._say(200, json.dumps({"access_token": self._new_token()}).encode())

    def _new_token(self) -> str:
        token = uuid.uuid4().hex
        left = self.owner.token_requests_left
        self.owner.tokens[token] = 10**9 if left is None else left
        return token

    def _may(self) -> bool:
        if self.owner.password is None and self.owner.identity_token is None:
            return True
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.owner.tokens.get(token, 0) > 0:
            self.owner.tokens[token] -= 1
            return True
        realm = f'Bearer realm="{self._base}/token",service="fake"'
        self._drain()
        self._fail(401, "UNAUTHORIZED", headers={"WWW-Authenticate": realm})
        return False

    # uploads

    def _uploads(self, repository: str, name: str) -> None:
        owner = self.owner
        if self.command == "POST":
            self._begin(repository)
            return
        session = owner.sessions.get(name)
        phase = {"PATCH": "patch", "PUT": "close", "GET": "ask", "DELETE": "cancel"}[self.command]
        if self._struck(phase):
            return
        if session is None:
            self._drain()
            self._fail(404, "BLOB_UPLOAD_UNKNOWN")
        elif self.command == "DELETE":
            del owner.sessions[name]
            self._say(204)
        elif self.command == "GET":
            self._where(name, session)
        elif self.command == "PATCH":
            self._patch(name, session)
        else:
            self._close(repository, name, session)

    def _begin(self, repository: str) -> None:
        owner = self.owner
        if "mount" in self.query and (self.query.get("from"), self.query["mount"]) in owner.blobs:
            content = owner.blobs[self.query["from"], self.query["mount"]]
            owner.blobs[repository, self.query["mount"]] = content
            self._say(201, headers={"Docker-Content-Digest": self.query["mount"]})
            return
        if self._struck("begin"):
            return
        name = uuid.uuid4().hex
        owner.sessions[name] = Session(repository)
        headers = {"Location": self._location(name, owner.sessions[name], 0), "Range": "0-0"}
        if owner.speech.chunk_min_length:
            headers["OCI-Chunk-Min-Length"] = str(owner.speech.chunk_min_length)
        # With a body it is left unread: the connection cannot be used any further.
        has_body = int(self.headers.get("Content-Length") or 0) > 0
        self._say(202, headers=headers)
        self.close_connection = self.close_connection or has_body

    def _location(self, name: str, session: Session, offset: int) -> str:
        state = f"?_state={offset}" if self.owner.speech.signs_state else ""
        return f"http://{self.headers['Host']}/v2/{session.repository}/blobs/uploads/{name}{state}"

    def _where(self, name: str, session: Session) -> None:
        size = len(session.content)
        if self._is_stale(session):
            self._fail(404, "BLOB_UPLOAD_INVALID")
            return
        headers = {"Location": self._location(name, session, size)}
        self._say(204, headers={**headers, "Range": self._range(session)})

    def _is_stale(self, session: Session) -> bool:
        """v2: a Location whose offset is not the file's size is refused for good."""
        speech = self.owner.speech
        if not speech.signs_state or speech.survives_cut:
            return False
        return int(self.query.get("_state", "-1")) != len(session.content)

    def _range(self, session: Session) -> str:
        size = len(session.content)
        if self.owner.speech.range_lies == "sticks":
            size = session.first_patch_end
        elif self.owner.speech.range_lies == "last":
            size = session.last_patch_bytes
        return f"0-{max(0, size - 1)}"

    def _patch(self, name: str, session: Session) -> None:
        speech = self.owner.speech
        length = self.headers.get("Content-Length")
        if not speech.takes_patches:
            self._refuse_body(405, "UNSUPPORTED")
            return
        if speech.most_sized_patch_bytes and int(length or 0) > speech.most_sized_patch_bytes:
            self._refuse_body(416, "BLOB_UPLOAD_INVALID")
            return
        if self._is_stale(session):
            self._refuse_body(404, "BLOB_UPLOAD_INVALID")
            return
        if speech.signs_state and int(self.query.get("_state", "-1")) != len(session.content):
            self._refuse_body(416, "RANGE_INVALID")
            return
        asked = self.headers.get("Content-Range")
        if speech.checks_order and asked and int(asked.split("-")[0]) != len(session.content):
            self._refuse_body(416, "RANGE_INVALID")
            return
        before = len(session.content)
        with session.lock:
            for part in self._body(self.owner.fault("patch-body")):
                session.content += part
        session.first_patch_end = session.first_patch_end or len(session.content)
        session.last_patch_bytes = len(session.content) - before
        if self._struck("patch-answer"):
            return
        headers = {"Location": self._location(name, session, len(session.content))}
        self._say(202, headers={**headers, "Range": self._range(session)})

    def _close(self, repository: str, name: str, session: Session) -> None:
        owner = self.owner
        if owner.speech.signs_state and self._is_stale(session):
            self._refuse_body(404, "BLOB_UPLOAD_INVALID")
            return
        had = len(session.content)
        for part in self._body(owner.fault("close-body")):
            session.content += part
        digest = f"sha256:{hashlib.sha256(session.content).hexdigest()}"
        fault = owner.fault("close-answer")
        if digest != self.query.get("digest"):
            if had == 0 and not owner.speech.survives_cut:
                owner.sessions.pop(name, None)
            self._fail(400, "DIGEST_INVALID")
            return
        owner.sessions.pop(name, None)
        if not (fault and fault.loses_blob):
            owner.blobs[repository, digest] = bytes(session.content)
        if fault and fault.wrong_digest:
            owner.blobs.pop((repository, digest), None)
            digest = "sha256:" + "0" * 64
        if fault and fault.cut_answer:
            raise _CutError
        self._say(201, headers={"Docker-Content-Digest": digest})

    # content

    def _blob(self, repository: str, digest: str) -> None:
        if self._struck("head" if self.command == "HEAD" else "read"):
            return
        content = self.owner.blobs.get((repository, digest))
        if content is None:
            self._fail(404, "BLOB_UNKNOWN")
            return
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        body = content[start : int(asked[2]) + 1 if asked and asked[2] else None]
        headers = {"Docker-Content-Digest": digest, "Content-Length": str(len(body))}
        self._say(206 if asked else 200, headers=headers)
        for at in range(0, len(body) if self.command == "GET" else 0, 65536):
            self.owner.goes(len(body[at : at + 65536]))
            self.wfile.write(body[at : at + 65536])

    def _manifest(self, repository: str, name: str) -> None:
        owner = self.owner
        if self.command != "PUT":
            found = owner.manifests.get((repository, name))
            if self._struck("find"):
                return
            if found is None:
                self._fail(404, "MANIFEST_UNKNOWN")
                return
            digest = f"sha256:{hashlib.sha256(found[1]).hexdigest()}"
            headers = {"Docker-Content-Digest": digest, "Content-Type": found[0]}
            self._say(200, found[1], headers=headers)
            return
        is_tag = not name.startswith("sha256:")
        if self._struck("tag" if is_tag else "manifest"):
            return
        content = b"".join(self._body(None))
        self.owner.came(-len(content))
        if self._missing(repository, json.loads(content)):
            self._fail(400, "MANIFEST_BLOB_UNKNOWN")
            return
        if is_tag and owner.immutable_tags and (repository, name) in owner.manifests:
            self._fail(400, "TAG_INVALID", "the tag already exists and is immutable")
            return
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        for key in {name, digest}:
            owner.manifests[repository, key] = (self.headers["Content-Type"], content)
        self._say(201, headers={"Docker-Content-Digest": digest})

    def _missing(self, repository: str, document: dict) -> bool:
        wanted = [document.get("config"), *document.get("layers", ())]
        blobs = [one["digest"] for one in wanted if one]
        children = [one["digest"] for one in document.get("manifests", ())]
        owner = self.owner
        return any((repository, one) not in owner.blobs for one in blobs) or any(
            (repository, one) not in owner.manifests for one in children
        )

    def _referrers(self, repository: str, digest: str) -> None:
        if not self.owner.has_referrers:
            self._fail(404, "NOT_FOUND")
            return
        found = []
        for (place, name), (media_type, content) in list(self.owner.manifests.items()):
            subject = json.loads(content).get("subject") or {}
            if (
                place == repository
                and name.startswith("sha256:")
                and subject.get("digest") == digest
            ):
                found.append({"mediaType": media_type, "digest": name, "size": len(content)})
        self._say(200, json.dumps({"schemaVersion": 2, "manifests": found}).encode())

    # wire

    def _struck(self, phase: str) -> bool:
        """Whether a fault took this request."""
        fault = self.owner.fault(phase)
        if fault is None:
            return False
        if fault.restart:
            self.owner.sessions.clear()
            return False
        if fault.cut_answer or fault.cut_after == 0:
            raise _CutError
        self._refuse_body(fault.status, fault.code, fault.message, fault.headers)
        return True

    def _refuse_body(
        self, status: int, code: str, message: str = "", headers: dict[str, str] | None = None
    ) -> None:
        self._drain()
        self._fail(status, code, message, headers)

    def _drain(self) -> None:
        for part in self._body(None):
            self.owner.came(-len(part))

    def _body(self, fault: Fault | None) -> Iterator[bytes]:
        if self._consumed:
            return
        self._consumed = True
        left = fault.cut_after if fault else None
        for read in self._parts():
            part = read if left is None else read[:left]
            if left is not None:
                left -= len(part)
            self.owner.came(len(part))
            yield part
            if left == 0:
                raise _CutError

    def _parts(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while length := self._chunk_length():
                yield from self._read(length)
                self.rfile.readline()
            self.rfile.readline()
            return
        yield from self._read(int(self.headers.get("Content-Length") or 0))

    def _chunk_length(self) -> int:
        line = self.rfile.readline()
        if not line:
            raise _CutError
        return int(line.strip(), 16)

    def _read(self, length: int) -> Iterator[bytes]:
        while length:
            part = self.rfile.read1(min(length, 65536))
            if not part:
                raise _CutError
            length -= len(part)
            yield part

    def _fail(
        self, status: int, code: str, message: str = "", headers: dict[str, str] | None = None
    ) -> None:
        document = {"errors": [{"code": code, "message": message}]}
        self._say(status, json.dumps(document).encode(), headers=headers)

    def _say(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204 and "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(body)
