"""A described image -> its SLSA provenance: from which source, into which layers.

Format: https://slsa.dev/spec/v1.0/provenance. There is no clock in it, so packaging the same
model again says the same.
"""

from collections.abc import Mapping
from typing import Any

from llmplat import __version__
from llmplat.domain.oci import Digest
from llmplat.pack.described import Described, DescribedFile

BUILD_TYPE = "https://llmplat.dev/package-model/v1"
_BUILDER = "https://llmplat.dev/package-model"
COMPUTED = "computed"
CLAIMED = "claimed"


def make_provenance(image: Described) -> dict[str, Any]:
    """The predicate of the provenance statement."""
    about = image.about
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "source": about.source or "folder",
                "repository": about.repository,
            },
            "resolvedDependencies": _dependencies(image),
        },
        "runDetails": {
            "builder": {"id": _BUILDER, "version": {"llmplat": __version__}},
            "byproducts": [_layer(image, layer.digest) for layer in image.layers],
        },
    }


def layers_of(predicate: Mapping[str, Any]) -> tuple[Digest, ...]:
    """The layers that `predicate` names, in order; ValueError when it is no such predicate."""
    return tuple(Digest(str(layer["digest"]["sha256"])) for layer in _byproducts(predicate))


def files_of(predicate: Mapping[str, Any]) -> tuple[DescribedFile, ...]:
    """The files that `predicate` names, layer by layer; ValueError as above."""
    try:
        return tuple(
            DescribedFile(
                str(file["path"]),
                int(file["size"]),
                file.get("sha256"),
                Digest(str(layer["digest"]["sha256"])),
            )
            for layer in _byproducts(predicate)
            for file in layer["annotations"]["files"]
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise _no_provenance(exc) from exc


def _byproducts(predicate: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    try:
        return [dict(layer) for layer in predicate["runDetails"]["byproducts"]]
    except (KeyError, TypeError, ValueError) as exc:
        raise _no_provenance(exc) from exc


def _dependencies(image: Described) -> list[dict[str, Any]]:
    about, found = image.about, []
    if about.source is not None:
        found.append(_source(about.source, about.revision))
    if about.base is not None:
        name, _, digest = about.base.partition("@sha256:")
        found.append({"uri": f"oci://{name}", "digest": {"sha256": digest}})
    return found


def _source(source: str, revision: str | None) -> dict[str, Any]:
    made: dict[str, Any] = {"uri": source}
    if revision and source.startswith("hf://"):
        made["digest"] = {"gitCommit": revision}
    elif revision and revision.startswith("sha256:"):
        made["digest"] = {"sha256": revision.removeprefix("sha256:")}
    elif revision:
        made["annotations"] = {"revision": revision}
    return made


def _layer(image: Described, digest: Digest) -> dict[str, Any]:
    inside = [file for file in image.files if file.layer == digest]
    origin = COMPUTED if image.about.are_hashes_computed else CLAIMED
    files = [
        {
            "path": file.path,
            "size": file.size_bytes,
            **({"sha256": file.sha256, "sha256Is": origin} if file.sha256 else {}),
        }
        for file in inside
    ]
    return {"name": "layer", "digest": {"sha256": digest.hex}, "annotations": {"files": files}}


def _no_provenance(cause: Exception) -> ValueError:
    return ValueError(f"it is no provenance of a packaged model ({cause!r})")
