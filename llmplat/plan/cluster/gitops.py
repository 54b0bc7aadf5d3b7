"""Where Argo CD finds the rendered tree."""

from dataclasses import dataclass

from llmplat.spec.platform import Platform


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
    """Name of the secret that opens it, None where anyone may read."""


def gitops_of(platform: Platform) -> GitopsPlan:
    """Where `platform` is delivered; the file has been checked to name one place."""
    gitops = platform.gitops
    if gitops is None or (gitops.oci is None and gitops.git is None):
        msg = "a cluster without gitops passed the checks of its file"
        raise AssertionError(msg)
    if gitops.oci is not None:
        repository = gitops.oci.repository.removeprefix("oci://")
        return GitopsPlan(f"oci://{repository}", ".", "", True, gitops.oci.key_secret)  # noqa: FBT003 (named by position in a value of five)
    git = gitops.git
    assert git is not None  # noqa: S101 (the branch above)
    return GitopsPlan(git.url, git.path.strip("/") or ".", git.revision, False, git.key_secret)  # noqa: FBT003 (as above)
