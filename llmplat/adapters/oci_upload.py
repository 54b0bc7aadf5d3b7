"""One blob -> the registry has it: begun, taken up, sent in its dialect, closed and checked."""

from collections.abc import Callable
from typing import NoReturn
from urllib.parse import urlsplit

from llmplat.adapters.oci_body import OpenBody, SizedBody, StretchBody
from llmplat.adapters.oci_content import Content
from llmplat.adapters.oci_dialect import PIECE_BYTES, Dialect, Way
from llmplat.adapters.oci_errors import PASSING, code_of, is_disk_full, refusal
from llmplat.adapters.oci_journal import Session
from llmplat.adapters.oci_place import Place, descriptor_of
from llmplat.adapters.oci_wire import Answer, WireError
from llmplat.domain.errors import RegistryError
from llmplat.domain.oci import Digest
from llmplat.domain.registry import Pushed
from llmplat.domain.units import parse_whole

_NOT_SPOKEN = {400, 404, 405, 411, 416, 501}
"""What a registry says to a way of sending that it does not take."""
_PLAINLY_NOT_SPOKEN = {405, 411, 416, 501}
_LOST = {400, 404, 405, 410}
_MOST_RESTARTS = 4
_GRACE_S = 5.0
"""How long a piece of stated length may still take when a stop is asked for."""
_BINARY = "application/octet-stream"


class _LostError(Exception):
    """The registry no longer has the upload, or it is not what it should be: begin again."""


class _BusyError(Exception):
    """The same request may work in a moment."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(_words(answer))
        self.retry_after = answer.headers.get("retry-after")


class Upload:
    """One blob on its way."""

    def __init__(self, place: Place, content: Content, on_sent: Callable[[int], None]) -> None:
        self._place = place
        self._client = place.client
        self._content = content
        self._on_sent = on_sent
        self._session: Session | None = place.journal.session(content.blob.key)
        self._piece_bytes = PIECE_BYTES
        self._told_bytes = 0
        self._sent_bytes = 0
        self._farthest = 0
        self._attempt = 0
        self._restarts = 0
        self._wrong_digests = 0

    def run(self) -> Pushed:
        """Send until it is there. Raises as `push_blob` in `oci_crew` says."""
        blob, journal = self._content.blob, self._place.journal
        digest: Digest | None = None
        while digest is None:
            try:
                digest = self._go_through()
            except _LostError as exc:
                self._session = None
                journal.forget(blob.key)
                self._restart(str(exc))
            except (_BusyError, WireError) as exc:
                self._wait(exc)
        journal.note_digest(blob.key, digest)
        journal.forget(blob.key)
        self._tell(self._content.size_bytes)
        return Pushed(descriptor_of(blob, digest), self._sent_bytes)

    def _go_through(self) -> Digest:
        session = self._begin() if self._session is None else self._take_up(self._session)
        self._tell(session.offset)
        while not self._is_put and session.offset < self._content.size_bytes:
            if self._content.is_open:
                # Sent by another process, or before a cut: hashed here, not sent again.
                self._content.hash_until(session.offset)
            session = self._patch(session)
            if self._client.stop.is_set:
                raise KeyboardInterrupt
        return self._close(session)

    @property
    def _is_put(self) -> bool:
        return self._place.spoken.now.way is Way.PUT

    # begin and take up

    def _begin(self) -> Session:
        answer = self._client.ask("POST", f"{self._place.blobs}uploads/")
        if answer.status != 202 or not answer.headers.get("location"):
            raise self._refusal(answer)
        minimum = parse_whole(answer.headers.get("oci-chunk-min-length", ""))
        self._piece_bytes = max(PIECE_BYTES, minimum or 0)
        return self._note(Session(self._client.base, 0), answer, 0)

    def _take_up(self, session: Session) -> Session:
        """Where the registry says the upload is; lost when that cannot be."""
        if self._is_put:
            raise _LostError("one request cannot be taken up")
        answer = self._client.ask("GET", session.location)
        if answer.status in PASSING:
            raise _BusyError(answer)
        if answer.status not in {200, 202, 204}:
            raise _LostError(f"it answered {answer.status} to where the upload is")
        offset = _range_end(answer)
        if offset is None or not session.offset <= offset <= self._content.size_bytes:
            raise _LostError(f"it says it has {offset} bytes, {session.offset} were confirmed")
        return self._note(session, answer, offset)

    # send

    def _patch(self, session: Session) -> Session:
        dialect = self._place.spoken.now.for_session(session.location)
        end = self._content.size_bytes
        if dialect.way is Way.PIECES:
            end = min(end, session.offset + self._piece_bytes)
        headers = {"Content-Type": _BINARY}
        if dialect.states_length:
            headers["Content-Range"] = f"{session.offset}-{end - 1}"
        answer, body = self._transfer(
            "PATCH", session, end, headers, is_sized=bool(dialect.states_length)
        )
        if answer.status not in {200, 201, 202, 204}:
            raise self._patch_failed(session, dialect, answer)
        # The registry took the whole body: its Range may say less (some never move it); the
        # digest decides at the end.
        return self._note(session, answer, body.sent_to)

    def _transfer(
        self, method: str, session: Session, end: int, headers: dict[str, str], *, is_sized: bool
    ) -> tuple[Answer, StretchBody]:
        made: list[StretchBody] = []
        kind = SizedBody if is_sized else OpenBody

        def make() -> SizedBody | OpenBody:
            self._tell(session.offset)
            body = kind(self._content, session.offset, end, self._client.stop, self._count)
            body.grace_s = 0.0 if method == "PUT" else _GRACE_S
            made.append(body)
            return body

        where = session.location
        return self._client.once(method, where, headers=headers, make_body=make), made[-1]

    def _patch_failed(self, session: Session, dialect: Dialect, answer: Answer) -> Exception:
        is_first = session.offset == 0 and self._farthest == 0
        if answer.status in PASSING and not is_disk_full(answer):
            return _BusyError(answer)
        if is_first and answer.status in _NOT_SPOKEN:
            is_plain = answer.status in _PLAINLY_NOT_SPOKEN or self._restarts > 0
            if is_plain and not self._place.spoken.fall_back(dialect):
                return self._refusal(answer)
            return _LostError(_words(answer))
        if answer.status == 416:
            return _BusyError(answer)
        return _LostError(_words(answer)) if answer.status in _LOST else self._refusal(answer)

    # close

    def _close(self, session: Session) -> Digest:
        content = self._content
        digest = content.digest()
        self._place.journal.note_digest(content.blob.key, digest)
        content.check()
        try:
            answer = self._put(session, digest)
        except WireError:
            if self._is_there(digest):
                return digest
            raise
        if answer.status in {200, 201, 204}:
            return self._confirmed(digest, answer)
        if answer.status in {*PASSING, *_LOST} and self._is_there(digest):
            return digest
        raise self._close_failed(answer)

    def _put(self, session: Session, digest: Digest) -> Answer:
        joint = "&" if urlsplit(session.location).query else "?"
        where = f"{session.location}{joint}digest={str(digest).replace(':', '%3A')}"
        size_bytes = self._content.size_bytes
        if session.offset == size_bytes:
            return self._client.once("PUT", where, headers={"Content-Length": "0"})
        headers = {"Content-Type": _BINARY}
        at = Session(where, session.offset)
        return self._transfer("PUT", at, size_bytes, headers, is_sized=True)[0]

    def _confirmed(self, digest: Digest, answer: Answer) -> Digest:
        said = answer.headers.get("docker-content-digest", str(digest))
        if said != str(digest):
            self._wrong_digest(f"it says the digest is {said}, it is {digest}")
        if not self._is_there(digest):
            raise _LostError("it answered that it has the blob, and has it not")
        return digest

    def _is_there(self, digest: Digest) -> bool:
        return self._place.has_blob(digest) == self._content.size_bytes

    def _close_failed(self, answer: Answer) -> Exception:
        if answer.status in PASSING and not is_disk_full(answer):
            return _BusyError(answer)
        if answer.status in {400, 416}:
            self._wrong_digest(_words(answer))
        return _LostError(_words(answer)) if answer.status in _LOST else self._refusal(answer)

    def _wrong_digest(self, why: str) -> NoReturn:
        """What it has is not what was sent: nothing that was remembered is trusted any more."""
        content, spoken = self._content, self._place.spoken
        content.check()
        self._wrong_digests += 1
        self._place.journal.forget_digest(content.blob.key)
        if self._wrong_digests > 1 and not spoken.fall_back(spoken.now):
            raise RegistryError(
                f"{self._place.name} did not get {content.blob.name} as it was sent.",
                why=why,
                fix=("run the same command again", "look for a proxy that changes uploads"),
            )
        if content.blob.digest is None:
            content.forget_digest()
        raise _LostError(why)

    # the common part

    def _restart(self, why: str) -> None:
        self._restarts += 1
        if self._restarts > _MOST_RESTARTS:
            raise self._gave_up(why, self._restarts)
        if self._client.stop.is_set:
            raise KeyboardInterrupt
        self._tell(0)

    def _wait(self, exc: Exception) -> None:
        if self._attempt + 1 >= self._client.patience.attempts:
            raise self._gave_up(str(exc), self._attempt + 1) from exc
        retry_after = exc.retry_after if isinstance(exc, _BusyError) else None
        if self._client.stop.wait(self._client.patience.delay_s(self._attempt, retry_after)):
            raise KeyboardInterrupt
        self._attempt += 1

    def _gave_up(self, why: str, tries: int) -> RegistryError:
        return RegistryError(
            f"{self._content.blob.name} could not be sent to {self._place.name}.",
            why=f"{why}; given up after {tries} tries",
            fix=("run the same command again: what the registry kept is not sent twice",),
        )

    def _refusal(self, answer: Answer) -> Exception:
        account = self._client.auth.account
        return refusal(self._client.host, self._place.name, "push to", answer, account)

    def _note(self, session: Session, answer: Answer, offset: int) -> Session:
        """Where the upload is now, remembered for whoever goes on."""
        said = answer.headers.get("location")
        location = self._client.resolve(session.location, said) if said else session.location
        if offset > self._farthest:
            self._farthest, self._attempt = offset, 0
        self._session = Session(location, offset)
        self._place.journal.note(self._content.blob.key, self._session)
        return self._session

    def _count(self, count: int) -> None:
        self._sent_bytes += count
        self._told_bytes += count
        self._on_sent(count)

    def _tell(self, offset: int) -> None:
        """Correct what was told: there before, or lost."""
        self._on_sent(offset - self._told_bytes)
        self._told_bytes = offset


def _words(answer: Answer) -> str:
    return f"it answered {answer.status} {code_of(answer)}".rstrip()


def _range_end(answer: Answer) -> int | None:
    """Bytes the registry says it has; "0-0" is what an empty upload says."""
    first, _, last = answer.headers.get("range", "").removeprefix("bytes=").partition("-")
    end = parse_whole(last)
    if first != "0" or end is None:
        return None
    return end + 1 if end else 0
