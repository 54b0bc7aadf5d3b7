"""The examples of the documentation as they are behind a mirror, locked as `llmplat lock` does it."""

import hashlib
from pathlib import Path

import yaml

from llmplat.apply.lock_cluster import ClusterPins, pin_charts, pin_images
from llmplat.catalog.entries import Catalog
from llmplat.spec.load import parse_platform
from llmplat.spec.lock import Lock, parse_lock
from llmplat.spec.platform import Platform

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
CLUSTERS = tuple(
    path.stem
    for path in sorted(EXAMPLES.glob("*.yaml"))
    if path.with_name(f"{path.stem}.lock.yaml").is_file()
)
PROFILES = ("serving", "llm-gateway", "full")
REGISTRY = "registry.internal:5000"
MIRROR = f"{REGISTRY}/mirror"


def mirrored(name: str, profile: str, catalog: Catalog, **changes) -> tuple[Platform, Lock]:
    """One example behind a mirror, its tree in the mirror's registry too; the digests are made up."""
    document = yaml.load((EXAMPLES / f"{name}.yaml").read_text("utf-8"), yaml.CSafeLoader)
    document |= {"profile": profile, "mirror": {"registry": MIRROR}, **changes}
    if "dns" in document:
        document["dns"] = {"provider": "none"}  # every other is past the mirror, and refused
    document["gitops"] = {"oci": {"repository": f"{REGISTRY}/platform"}}
    platform = parse_platform(yaml.safe_dump(document), name).platform
    text = (EXAMPLES / f"{name}.lock.yaml").read_text("utf-8")
    return platform, locked(platform, parse_lock(text, name), catalog)


def locked(platform: Platform, lock: Lock, catalog: Catalog) -> Lock:
    """`lock` with charts and images as they are pinned from the mirror, and its models there."""
    pins = ClusterPins(catalog, digest_of, digest_of)
    place = platform.mirror_place
    models = tuple(m.model_copy(update={"image": place.image(m.image)}) for m in lock.models)
    found = {"charts": pin_charts(platform, pins), "images": pin_images(platform, pins)}
    return lock.model_copy(update={**found, "models": models})


def digest_of(thing: object) -> str:
    """A digest that is always the same for the same thing."""
    return f"sha256:{hashlib.sha256(str(thing).encode()).hexdigest()}"
