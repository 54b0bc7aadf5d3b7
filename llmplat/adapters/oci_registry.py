"""A repository of a real registry -> the Registry port: blobs by several connections, then manifests."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from llmplat.adapters.file_lock import hold
from llmplat.adapters.oci_client import RegistryClient
from llmplat.adapters.oci_credentials import find_credentials
from llmplat.adapters.oci_crew import Crew
from llmplat.adapters.oci_dialect import Spoken
from llmplat.adapters.oci_errors import PASSING, immutable_tag, is_immutable, refusal
from llmplat.adapters.oci_journal import Journal
from llmplat.adapters.oci_place import Place
from llmplat.adapters.oci_stop import Stop
from llmplat.adapters.oci_wire import Answer, WireError
from llmplat.adapters.patience import Patience
from llmplat.catalog.registries import RegistryFacts, find_registry
from llmplat.domain.errors import RegistryError
from llmplat.domain.oci import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    INDEX,
    MANIFEST,
    Descriptor,
    Digest,
    Manifest,
    Reference,
    canonical_json,
)
from llmplat.domain.ports import Progress
from llmplat.domain.registry import Blob, Pushed

CONNECTIONS = 4
"""Measured on two cores with the registry beside: two or three are no faster."""
_ACCEPT = f"{MANIFEST}, {INDEX}, {DOCKER_MANIFEST}, {DOCKER_INDEX}"


@dataclass(frozen=True)
class RegistryOptions:
    """How to speak to a registry."""

    plain_http: bool = False
    """Without TLS also where it is not this machine."""
    connections: int = CONNECTIONS
    patience: Patience = field(default_factory=Patience)
    facts: RegistryFacts | None = None
    """What is known of it; None: as the catalogue has it."""


def open_registry(
    reference: Reference,
    cache: Path,
    env: Mapping[str, str],
    stop: Stop | None = None,
    options: RegistryOptions | None = None,
) -> "OciRegistry":
    """The repository that `reference` names, with the account found for its host.

    `cache` holds the notes that let an interrupted upload go on. Nothing is sent yet.
    Raises PreconditionError when the credentials cannot be read.
    """
    options = options or RegistryOptions()
    client = RegistryClient(
        reference.registry,
        find_credentials(reference.registry, env, reference.repository),
        plain_http=options.plain_http,
        patience=options.patience,
        stop=stop,
        env=env,
    )
    client.scope = f"repository:{reference.repository}:pull,push"
    spoken = Spoken(options.facts or find_registry(reference.registry))
    name = f"{reference.registry}/{reference.repository}"
    place = Place(client, reference.repository, Journal(cache, name), spoken)
    return OciRegistry(place, options.connections)


class _BusyError(Exception):
    """The registry cannot answer now."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


class OciRegistry:
    """One repository (a Registry)."""

    def __init__(self, place: Place, connections: int = CONNECTIONS) -> None:
        self._place = place
        self._client = place.client
        self._connections = connections

    @property
    def name(self) -> str:
        """registry/repository."""
        return self._place.name

    def try_push(self) -> None:
        """Open and cancel an upload, so that a refusal comes before the first byte."""
        answer = self._client.ask("POST", f"{self._place.blobs}uploads/")
        if answer.status != 202 or not answer.headers.get("location"):
            raise self._refusal("push to", answer)
        self._client.ask(
            "DELETE", self._client.resolve(self._client.base, answer.headers["location"])
        )

    def push_blobs(self, blobs: Sequence[Blob], progress: Progress) -> tuple[Pushed, ...]:
        """Have every blob there; the largest begin first, so that none is waited for at the end."""
        lock = hold(
            self._place.journal.lock_file,
            on_wait=lambda: progress.note(f"another run pushes to {self.name}: waiting for it"),
        )
        with ExitStack() as held, self._client.stop.guard():
            # Where nothing can be noted, nothing can be taken up, and two runs do not meet.
            with suppress(OSError):
                held.enter_context(lock)
            return Crew(self._place, blobs, progress).push(self._connections)

    def push_manifest(self, manifest: Manifest, tag: str | None = None) -> Descriptor:
        """Store `manifest` under its digest, or also under `tag`; the answer is checked."""
        answer = self._client.ask(
            "PUT",
            f"v2/{self._place.repository}/manifests/{tag or manifest.digest}",
            headers={"Content-Type": manifest.media_type},
            content=manifest.content,
        )
        if answer.status not in {200, 201}:
            if tag is not None and is_immutable(answer):
                raise immutable_tag(self.name, tag, answer, manifest.digest)
            raise self._refusal("push to", answer)
        said = answer.headers.get("docker-content-digest", str(manifest.digest))
        if said != str(manifest.digest):
            raise RegistryError(
                f"{self.name} did not take the manifest as it was sent.",
                why=f"it says the digest is {said}, it is {manifest.digest}",
                fix=("run the same command again", "look for a proxy that changes uploads"),
            )
        return manifest.descriptor

    def find_manifest(self, tag_or_digest: str) -> Manifest | None:
        """The manifest, its digest checked; None when there is none."""
        answer = self._ask_manifest("GET", tag_or_digest)
        if answer is None:
            return None
        media_type = answer.headers.get("content-type", MANIFEST).partition(";")[0].strip()
        found = Manifest(media_type, answer.body)
        expected = answer.headers.get("docker-content-digest", str(found.digest))
        wanted = tag_or_digest if tag_or_digest.startswith("sha256:") else expected
        if str(found.digest) != wanted:
            raise RegistryError(
                f"{self.name} gave another manifest than {tag_or_digest}.",
                why=f"expected {wanted}, got {found.digest}",
                fix=("run the same command again", "look for a proxy in between"),
            )
        return found

    def find_digest(self, tag_or_digest: str) -> Digest | None:
        """Of the manifest of that name, by HEAD (by GET where HEAD does not say it)."""
        answer = self._ask_manifest("HEAD", tag_or_digest)
        if answer is None:
            return None
        said = answer.headers.get("docker-content-digest")
        if said:
            return Digest.parse(said)
        found = self.find_manifest(tag_or_digest)
        return found.digest if found else None

    def has_blob(self, digest: Digest) -> int | None:
        """Its size; None when the repository does not have it."""
        return self._place.has_blob(digest)

    def stream_blob(self, digest: Digest, start: int = 0) -> Iterator[bytes]:
        """The bytes of a blob from `start`; a broken connection is taken up where it broke."""
        return self._stream(digest, start, None)

    def _stream(self, digest: Digest, start: int, end: int | None) -> Iterator[bytes]:
        attempt, client = 0, self._client
        while end is None or start < end:
            retry_after = None
            try:
                for chunk in self._blob_from(digest, start, end):
                    start, attempt = start + len(chunk), 0
                    yield chunk
            except _BusyError as exc:
                if attempt + 1 >= client.patience.attempts:
                    raise self._refusal("read", exc.answer) from exc
                retry_after = exc.answer.headers.get("retry-after")
            except WireError as exc:
                if attempt + 1 >= client.patience.attempts:
                    raise client.unreachable(str(exc)) from exc
            else:
                return
            if client.stop.wait(client.patience.delay_s(attempt, retry_after)):
                raise KeyboardInterrupt
            attempt += 1

    def read_blob(self, digest: Digest, start: int, length: int) -> bytes:
        """`length` bytes of a blob from `start` (fewer at its end)."""
        found = bytearray()
        for chunk in self._stream(digest, start, start + length):
            found += chunk
            if len(found) >= length:
                break
        return bytes(found[:length])

    def referrers(self, digest: Digest) -> tuple[Descriptor, ...]:
        """What is attached to `digest`: by the API, else by the fallback tag."""
        answer = self._client.ask("GET", f"v2/{self._place.repository}/referrers/{digest}")
        if answer.status == 200:
            return _entries(Manifest(INDEX, answer.body))
        listed = self.find_manifest(_fallback_tag(digest))
        return _entries(listed) if listed else ()

    def attach(self, manifest: Manifest, subject: Digest) -> Descriptor:
        """Store a manifest that names `subject`; where the registry does not list it, we do."""
        stored = self.push_manifest(manifest)
        facts = manifest.document
        entry = Descriptor(
            stored.media_type,
            stored.digest,
            stored.size_bytes,
            tuple(sorted(facts.get("annotations", {}).items())),
            facts.get("artifactType") or facts.get("config", {}).get("mediaType"),
        )
        listed = self.referrers(subject)
        if entry.digest not in {one.digest for one in listed}:
            document = {
                "schemaVersion": 2,
                "mediaType": INDEX,
                "manifests": [one.document() for one in (*listed, entry)],
            }
            index = Manifest(INDEX, canonical_json(document))
            self.push_manifest(index, _fallback_tag(subject))
        return entry

    def _blob_from(self, digest: Digest, start: int, end: int | None) -> Iterator[bytes]:
        answer, chunks = self._client.stream(f"{self._place.blobs}{digest}", start, end)
        if answer.status not in {200, 206}:
            said = Answer(answer.status, answer.headers, b"".join(chunks))
            raise _BusyError(said) if said.status in PASSING else self._refusal("read", said)
        skip = start if answer.status == 200 else 0
        for chunk in chunks:
            part = chunk[skip:]
            skip = max(0, skip - len(chunk))
            if part:
                yield part

    def _ask_manifest(self, method: str, tag_or_digest: str) -> Answer | None:
        where = f"v2/{self._place.repository}/manifests/{tag_or_digest}"
        answer = self._client.ask(method, where, headers={"Accept": _ACCEPT})
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._refusal("read", answer)
        return answer

    def _refusal(self, act: str, answer: Answer) -> Exception:
        return refusal(self._client.host, self.name, act, answer, self._client.auth.account)


def _fallback_tag(digest: Digest) -> str:
    return f"sha256-{digest.hex}"


def _entries(index: Manifest) -> tuple[Descriptor, ...]:
    return tuple(Descriptor.parse(one) for one in index.document.get("manifests", ()))
