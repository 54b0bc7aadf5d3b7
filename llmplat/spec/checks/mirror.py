"""A mirror stands in for all that the platform fetches, or it is refused: nothing goes past it."""

from collections.abc import Iterator

from llmplat.domain.errors import Finding, InputError
from llmplat.spec.checks.places import conflict
from llmplat.spec.platform import Platform
from llmplat.spec.surroundings import Mirror
from llmplat.spec.tree import Tree

_AT = ("mirror",)


def check_mirror(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """Findings about the mirror."""
    mirror = platform.mirror
    if mirror is None:
        return
    if platform.substrate.local is not None:
        yield from _local(platform, mirror, tree)
    elif mirror.registry is None:
        yield conflict(
            tree,
            "mirror names no registry",
            "the nodes of a cluster fetch charts, images and models from a registry",
            "mirror: {registry: registry.example.com/mirror}",
            _AT,
            ("substrate",),
        )
    yield from _names(platform, tree)
    if platform.dns is not None and platform.dns.provider != "none":
        yield conflict(
            tree,
            f"dns.provider is {platform.dns.provider}, which is past the mirror",
            "records and certificates would come from services that the mirror does not stand in for",
            "dns: {provider: none}, and write the records yourself",
            ("dns", "provider"),
            _AT,
        )


def _local(platform: Platform, mirror: Mirror, tree: Tree) -> Iterator[Finding]:
    if mirror.folder is not None:
        both = [("mirror", key) for key in ("packages", "hub") if getattr(mirror, key) is not None]
        if both:
            yield conflict(
                tree,
                f"mirror names a folder and {' and '.join(key for _, key in both)}",
                "packages and models come from one place",
                "keep the folder, or the addresses",
                ("mirror", "folder"),
                *both,
            )
        return
    if mirror.packages is None:
        yield conflict(
            tree,
            "mirror names neither a folder nor packages",
            "the engine and the gateway are Python packages, and none may come from elsewhere",
            "mirror: {folder: /srv/mirror}",
            _AT,
            ("substrate",),
        )
    yield from _hub(platform, mirror, tree)


def _hub(platform: Platform, mirror: Mirror, tree: Tree) -> Iterator[Finding]:
    for at, model in enumerate(platform.models):
        needs_hub = model.source is not None and model.source.startswith("hf://")
        if needs_hub and mirror.hub is None:
            yield conflict(
                tree,
                f"the mirror has no hub to read {model.name} from",
                "with a mirror nothing is read from the public hub",
                "mirror: {hub: https://hub.example.com}, or a source of oci:// or file://",
                ("models", at, "source"),
                _AT,
            )


def _names(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """What of the file's own images has no name in the mirror."""
    try:
        platform.with_repositories().through_mirror()
    except InputError as error:
        yield conflict(
            tree, error.what.rstrip("."), error.why or "", error.fix[0], _AT, ("models",)
        )
