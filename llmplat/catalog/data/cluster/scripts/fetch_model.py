"""Runs in an init container: pulls the image LLMPLAT_IMAGE into the folder LLMPLAT_TARGET.

Standard library only. Every manifest and layer must be what its digest says; only regular files
under models/ are written. Registries are asked with a bearer token that anybody gets; where a
registry wants more, LLMPLAT_REGISTRY_AUTH holds what goes behind `Authorization: Basic`, and
Google's registries get the token of the pod's own identity.
"""

import hashlib
import json
import os
import re
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal, cast

IMAGE = os.environ.get("LLMPLAT_IMAGE", "")
TARGET = Path(os.environ.get("LLMPLAT_TARGET", "/modelcar"))
SCHEME = os.environ.get("LLMPLAT_REGISTRY_SCHEME", "https")
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
CHUNK = 1024 * 1024
GOOGLE = ("-docker.pkg.dev", "gcr.io")
IDENTITY = (
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
)


class Checked:
    """A file that hashes what is read of it."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = CHUNK) -> bytes:
        """The next bytes."""
        part = self.source.read(size)
        self.digest.update(part)
        return part

    def finish(self, wanted: str) -> None:
        """Reads what is left; ends the program when the whole is not `wanted`."""
        while self.read():
            pass
        found = f"sha256:{self.digest.hexdigest()}"
        if found != wanted:
            sys.exit(f"a layer is {found}, not {wanted}")


class Registry:
    """One repository of a registry."""

    def __init__(self, host: str, name: str) -> None:
        self.base = f"{SCHEME}://{host}/v2/{name}"
        self.is_google = host.endswith(GOOGLE)
        self.token = ""

    def open(self, path: str) -> IO[bytes]:
        """The answer to a GET below the repository."""
        try:
            return self._ask(path)
        except urllib.error.HTTPError as refused:
            if refused.code != 401 or self.token:
                raise
            self.token = self._token(refused.headers.get("WWW-Authenticate", ""))
            return self._ask(path)

    def _ask(self, path: str) -> IO[bytes]:
        headers = {"Accept": ", ".join(MANIFESTS)}
        if self.token:
            headers["Authorization"] = self.token
        request = urllib.request.Request(self.base + path, None, headers)
        return cast("IO[bytes]", urllib.request.urlopen(request, timeout=60))

    def _token(self, challenge: str) -> str:
        if self.is_google:
            request = urllib.request.Request(IDENTITY, None, {"Metadata-Flavor": "Google"})
            with urllib.request.urlopen(request, timeout=10) as answer:
                return f"Bearer {json.loads(answer.read())['access_token']}"
        basic = os.environ.get("LLMPLAT_REGISTRY_AUTH", "")
        if challenge.lower().startswith("basic"):
            return f"Basic {basic}"
        parts = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        realm = parts.pop("realm")
        query = "&".join(f"{key}={value}" for key, value in parts.items())
        headers = {"Authorization": f"Basic {basic}"} if basic else {}
        request = urllib.request.Request(f"{realm}?{query}", None, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            told = json.loads(answer.read())
        return f"Bearer {told.get('token') or told['access_token']}"


def read_manifest(registry: Registry, digest: str) -> dict[str, Any]:
    """The image manifest behind `digest`; of an index its first image."""
    with registry.open(f"/manifests/{digest}") as answer:
        content = answer.read(8 * CHUNK)
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
        sys.exit(f"the manifest is not {digest}")
    document: dict[str, Any] = json.loads(content)
    if "manifests" in document:
        images = [
            one for one in document["manifests"] if one.get("platform", {}).get("os") != "unknown"
        ]
        return read_manifest(registry, images[0]["digest"])
    return document


def unpack(source: Checked, mode: Literal["r|", "r|gz"]) -> None:
    """Writes the regular files under models/ of one layer."""
    with tarfile.open(fileobj=cast("IO[bytes]", source), mode=mode) as layer:
        for member in layer:
            path = PurePosixPath(member.name)
            if not member.isfile() or path.parts[:1] != ("models",) or ".." in path.parts:
                continue
            place = TARGET / path
            place.parent.mkdir(parents=True, exist_ok=True)
            part = layer.extractfile(member)
            assert part is not None
            with place.open("wb") as file:
                while chunk := part.read(CHUNK):
                    file.write(chunk)


def main() -> None:
    """Fetches every layer, one after the other."""
    name, digest = IMAGE.split("@")
    host, _, repository = name.partition("/")
    registry = Registry(host, repository.rpartition(":")[0] or repository)
    for layer in read_manifest(registry, digest)["layers"]:
        with registry.open(f"/blobs/{layer['digest']}") as answer:
            checked = Checked(answer)
            unpack(checked, "r|gz" if "gzip" in layer["mediaType"] else "r|")
            checked.finish(layer["digest"])
        print(f"fetched {layer['digest']} ({layer['size']} bytes)", flush=True)


if __name__ == "__main__":
    main()
