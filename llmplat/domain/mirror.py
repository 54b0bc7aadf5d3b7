"""Where something is fetched from, and where a mirror keeps it: the one place that says how names map."""

import re
from dataclasses import dataclass, replace

from llmplat.domain.errors import InputError
from llmplat.domain.oci import Reference

WEB = "web"
"""Charts of plain web servers lie under this name: no registry is called so, a host has a dot."""
_HOST = re.compile(r"[a-z0-9]+(?:[.-]+[a-z0-9]+)*(?::\d{1,5})?")
_PATH_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_ADDRESS = re.compile(r"(?P<scheme>https?|oci)://(?P<host>[^/]+)/?(?P<path>.*)")
_LOOKS = re.compile(r"[^/]*[.:][^/]*|localhost")


@dataclass(frozen=True)
class MirrorPlace:
    """A registry, and the path in it below which everything of other registries lies.

    ghcr.io/team/image:tag@digest is kept as <registry>/<prefix>/ghcr.io/team/image:tag@digest; the
    colon of a port becomes an underscore, which no host name has. Two names never become one, and
    what is in the mirror's registry already stays where it is, so that mapping twice is mapping once.
    """

    registry: str
    """Host and, where given, port."""
    prefix: str
    """Path without slashes at its ends; "" where the whole registry is the mirror."""

    def __str__(self) -> str:
        return f"{self.registry}/{self.prefix}" if self.prefix else self.registry

    @classmethod
    def parse(cls, text: str) -> "MirrorPlace":
        """The place that host[:port][/path] names; InputError when it is none."""
        registry, _, prefix = text.removeprefix("oci://").rstrip("/").partition("/")
        parts = prefix.split("/") if prefix else []
        is_host = _HOST.fullmatch(registry) is not None and _LOOKS.fullmatch(registry) is not None
        if not is_host or not all(_PATH_PART.fullmatch(part) for part in parts):
            raise InputError(
                f"{text!r} is no place in a registry.",
                why="a mirror is a host, a port where it has one, and a path in lower case",
                fix=("write registry.example.com/mirror",),
            )
        return cls(registry, prefix)

    def of(self, reference: Reference) -> Reference:
        """Where the mirror keeps `reference`, its tag and digest as they are.

        Raises InputError for a host that cannot be part of a name (an IPv6 address).
        """
        if reference.registry.lower() == self.registry:
            return reference
        repository = self._below(_folder_of(reference.registry), reference.repository)
        mapped = replace(reference, registry=self.registry, repository=repository)
        return Reference.parse(str(mapped))

    def image(self, text: str) -> str:
        """The same for an image as text; `oci://` in front stays."""
        scheme = "oci://" if text.startswith("oci://") else ""
        return scheme + str(self.of(Reference.parse(text)))

    def repository(self, text: str) -> str:
        """The same for registry/repository without a tag, or registry/path that repositories lie in."""
        return self.image(text)

    def charts(self, repository: str) -> str:
        """oci://... for the folder of charts at oci://host/path, https://host/path or http://host/path."""
        found = _ADDRESS.fullmatch(repository.rstrip("/"))
        if found is None:
            raise _wrong(repository)
        host, path = found["host"], found["path"]
        if found["scheme"] == "oci":
            if host.lower() == self.registry:
                return repository
            return f"oci://{self.registry}/{self._below(_folder_of(host), path)}"
        return f"oci://{self.registry}/{self._below(WEB, _folder_of(host), path)}"

    def origin(self, reference: Reference) -> Reference | None:
        """What `of` made `reference` from; None where that is nothing of another registry."""
        start = f"{self.prefix}/" if self.prefix else ""
        if reference.registry != self.registry or not reference.repository.startswith(start):
            return None
        host, slash, path = reference.repository.removeprefix(start).partition("/")
        host = host.replace("_", ":")
        if not slash or host == self.registry or not _LOOKS.fullmatch(host):
            return None
        return replace(reference, registry=host, repository=path)

    def _below(self, *parts: str) -> str:
        path = "/".join(part for part in (self.prefix, *parts) if part)
        if not all(_PATH_PART.fullmatch(part) for part in path.split("/")):
            raise _wrong(path)
        return path


@dataclass(frozen=True)
class FetchFrom:
    """Where this machine fetches Python packages and models; by default where they are published."""

    packages: str | None = None
    """Address of a package index."""
    wheels: str | None = None
    """A folder of wheels: no index is asked."""
    hub: str | None = None
    """Address of a model hub."""
    models: str | None = None
    """A folder of models."""
    is_closed: bool = False
    """Nothing may come from elsewhere."""


ANYWHERE = FetchFrom()
"""No mirror."""


def _folder_of(host: str) -> str:
    """The host as one part of a repository's name."""
    lower = host.lower()
    if not _HOST.fullmatch(lower):
        raise _wrong(host)
    return lower.replace(":", "_")


def _wrong(name: str) -> InputError:
    return InputError(
        f"{name!r} has no place in a mirror.",
        why="names in a registry hold lower-case letters, digits and . _ - / only",
        fix=("give it by a host name, in lower case",),
    )
