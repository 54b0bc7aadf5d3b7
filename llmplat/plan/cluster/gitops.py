"""Where Argo CD finds the rendered tree, and as whom it reads there."""

import re
from dataclasses import dataclass

from llmplat.spec.platform import Platform

REPOSITORY = "llmplat-repository"
"""Secret of Argo CD with the login for the repository."""
REGISTRY_READER = "llmplat-registry-reader"
"""Kubernetes service account, in Argo CD's namespace, that may read the repository on GKE."""
_SSH = re.compile(r"ssh://|[^/:]+@[^/:]+:")
"""With a scheme, or as git's own USER@HOST:PATH."""
_ARTIFACT_REGISTRY = re.compile(r"oci://[a-z0-9-]+-docker\.pkg\.dev/")


@dataclass(frozen=True)
class GoogleReader:
    """A cluster whose workloads get short-lived tokens of Google Cloud."""

    project: str
    cluster: str
    location: str


@dataclass(frozen=True)
class GitopsPlan:
    """One git repository or one OCI repository."""

    url: str
    """As Argo CD's repoURL: oci://registry/repository, or the git address."""
    path: str
    """Folder of the tree in a git repository; "." in an artifact."""
    revision: str
    """Branch, tag or commit of git; "" where digests stand in its place."""
    is_oci: bool
    key_secret: str | None
    """Name of the secret that opens it, None where none is named."""
    google: GoogleReader | None = None
    """Whose tokens open it; None where a secret does, or anyone may read."""

    @property
    def is_private(self) -> bool:
        """Whether Argo CD needs a login to read it."""
        return self.google is not None or self.key_secret is not None

    @property
    def is_ssh(self) -> bool:
        """Whether it is read with a private key in place of a name and a password."""
        return bool(_SSH.match(self.url))


def gitops_of(platform: Platform) -> GitopsPlan:
    """Where `platform` is delivered; the file has been checked to name one place."""
    gitops = platform.gitops
    if gitops is None or (gitops.oci is None and gitops.git is None):
        msg = "a cluster without gitops passed the checks of its file"
        raise AssertionError(msg)
    if gitops.oci is not None:
        url = f"oci://{gitops.oci.repository.removeprefix('oci://')}"
        key, google = gitops.oci.key_secret, _google(platform, url)
        return GitopsPlan(url, ".", "", is_oci=True, key_secret=key, google=None if key else google)
    git = gitops.git
    assert git is not None  # noqa: S101 (the branch above)
    path = git.path.strip("/") or "."
    return GitopsPlan(git.url, path, git.revision, is_oci=False, key_secret=git.key_secret)


def _google(platform: Platform, url: str) -> GoogleReader | None:
    """On a cluster of Google's, for a registry of Google's."""
    gke = platform.substrate.gke
    if gke is None or not _ARTIFACT_REGISTRY.match(url):
        return None
    return GoogleReader(gke.project, platform.name, gke.location)
