"""Turns the lock, or the catalogue for a bundled demo, into what planning must know of a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmplat.catalog.entries import Catalog
from llmplat.domain.errors import LockMissingError
from llmplat.spec.model import Model

if TYPE_CHECKING:
    from llmplat.spec.lock import Lock

DEMO = "demo://"


@dataclass(frozen=True)
class ModelFacts:
    """A model at a fixed revision."""

    revision: str
    digest: str | None
    """None for a demo that no lock has pinned yet; its source is pinned by the catalogue."""
    weights_bytes: int
    config: Mapping[str, Any]
    """Keys as in the model's own config.json."""


def facts_of(model: Model, lock: "Lock | None", catalog: Catalog) -> ModelFacts:
    """What is known of `model`, from the lock first, else from the catalogue's demos.

    Raises LockMissingError when neither knows the model at its present source.
    """
    for entry in lock.models if lock is not None else ():
        is_same = (entry.name, entry.source) == (model.name, model.source)
        is_published = model.is_served_from(entry.image) and model.is_signed_as_wished(
            entry.signed_by
        )
        if is_same and entry.weights_bytes and is_published:
            config = entry.config.model_dump(exclude_none=True)
            return ModelFacts(entry.revision, entry.digest, entry.weights_bytes, config)
    if model.package is not None:
        raise _missing(model, lock)
    demo = catalog.demos.get((model.source or "").removeprefix(DEMO))
    if demo is None or not (model.source or "").startswith(DEMO):
        raise _missing(model, lock)
    facts = demo.facts
    return ModelFacts(
        revision=str(facts["revision"]),
        digest=facts.get("digest"),
        weights_bytes=int(facts["weights_bytes"]),
        config=facts["config"],
    )


def _missing(model: Model, lock: "Lock | None") -> LockMissingError:
    held = next((e for e in lock.models if e.name == model.name), None) if lock else None
    why = "there is no lock yet." if lock is None else "the lock does not name it."
    if held is not None and held.source != model.source:
        why = f"the lock holds it from {held.source}, the platform file says {model.source}."
    elif held is not None and not held.weights_bytes:
        why = "the lock says that it has no weights."
    elif held is not None and model.package is None:
        why = f"the lock holds it as the image {held.image}, the platform file does not."
    elif held is not None and model.package is not None and model.is_served_from(held.image):
        why = "the lock holds no signature of its image, and package.sign is true."
    elif held is not None and model.package is not None:
        why = f"the lock holds no image of it in {model.package.repository}."
    return LockMissingError(
        f"Nothing is known of the model {model.name} yet.", why=why, fix=("llmplat lock",)
    )
