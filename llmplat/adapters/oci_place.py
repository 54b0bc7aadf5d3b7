"""Where uploads go: one repository of one registry, and what it has already."""

from dataclasses import dataclass

from llmplat.adapters.oci_client import RegistryClient
from llmplat.adapters.oci_dialect import Spoken
from llmplat.adapters.oci_errors import refusal
from llmplat.adapters.oci_journal import Journal
from llmplat.domain.oci import Descriptor, Digest
from llmplat.domain.registry import Blob


@dataclass(frozen=True)
class Place:
    """Where uploads go, and what they share."""

    client: RegistryClient
    repository: str
    journal: Journal
    spoken: Spoken

    @property
    def name(self) -> str:
        """registry/repository."""
        return f"{self.client.host}/{self.repository}"

    @property
    def blobs(self) -> str:
        """The path of its blobs."""
        return f"v2/{self.repository}/blobs/"

    def has_blob(self, digest: Digest) -> int | None:
        """Its size; None when it is not there. Raises RegistryError."""
        answer = self.client.ask("HEAD", f"{self.blobs}{digest}")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise refusal(self.client.host, self.name, "read", answer, self.client.auth.account)
        return int(answer.headers.get("content-length", "-1"))


def mount_blob(place: Place, blob: Blob, digest: Digest) -> bool:
    """Whether a sister repository of the same registry lent its copy of `blob`."""
    for name in blob.mount_from:
        host, _, repository = name.partition("/")
        if host != place.client.host or repository == place.repository:
            continue
        answer = place.client.ask("POST", f"{place.blobs}uploads/?mount={digest}&from={repository}")
        if answer.status == 201 and place.has_blob(digest) == blob.size_bytes:
            return True
        if answer.status == 202 and answer.headers.get("location"):
            place.client.ask("DELETE", answer.headers["location"])
    return False


def descriptor_of(blob: Blob, digest: Digest) -> Descriptor:
    """What a manifest says of `blob`, now that its digest is known."""
    return Descriptor(blob.media_type, digest, blob.size_bytes, blob.annotations)
