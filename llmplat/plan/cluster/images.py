"""Names of images -> references by digest, as the lock has them."""

from llmplat.domain.errors import LockMissingError
from llmplat.plan.cluster.ground import Ground


def image_of(ground: Ground, name: str) -> str:
    """repository:tag@sha256:... of the catalogue's image `name`; LockMissingError without a digest."""
    reference = ground.catalog.images[name].reference
    for image in ground.lock.images if ground.lock is not None else ():
        if image.reference == reference:
            return f"{reference}@{image.digest}"
    raise LockMissingError(
        f"platform.lock.yaml does not hold the image {reference}.",
        why="a cluster runs images by digest only, and the lock is where digests stand.",
        fix=("llmplat lock",),
    )
