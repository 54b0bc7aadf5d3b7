"""A described image -> its bill of materials: a CycloneDX ML-BOM.

Format: https://cyclonedx.org/docs/1.6/json/. The serial number comes from the image's digest and
there is no clock in it, so packaging the same model again gives the same document.
"""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from llmplat import __version__
from llmplat.domain.oci import Digest
from llmplat.pack.described import About, Described, DescribedFile
from llmplat.pack.provenance import CLAIMED, COMPUTED

_LAYER = "llmplat:layer"
_SIZE = "llmplat:sizeBytes"


def make_sbom(image: Described) -> dict[str, Any]:
    """The bill of materials of the model in `image`."""
    about = image.about
    serial = uuid.uuid5(uuid.NAMESPACE_URL, f"oci://{about.repository}@{image.digest}")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "tools": {
                "components": [{"type": "application", "name": "llmplat", "version": __version__}]
            },
            "component": {
                "type": "container",
                "bom-ref": "image",
                "name": about.repository,
                "version": str(image.digest),
                "purl": _image_purl(about, str(image.digest)),
            },
        },
        "components": [_model(image)],
        "dependencies": [{"ref": "image", "dependsOn": ["model"]}, {"ref": "model"}],
    }


def image_of_sbom(document: Mapping[str, Any]) -> Digest:
    """The image that `document` is of; ValueError or InputError when it names none."""
    try:
        return Digest.parse(str(document["metadata"]["component"]["version"]))
    except (KeyError, TypeError) as exc:
        raise _no_sbom(exc) from exc


def files_of_sbom(document: Mapping[str, Any]) -> tuple[DescribedFile, ...]:
    """The model's files that `document` names; ValueError or InputError when it is none of ours."""
    try:
        (model,) = document["components"]
        return tuple(_described(file) for file in model["components"])
    except (KeyError, TypeError, AttributeError, ValueError) as exc:
        raise _no_sbom(exc) from exc


def _described(file: Mapping[str, Any]) -> DescribedFile:
    properties = {one["name"]: one["value"] for one in file["properties"]}
    hashes = {one["alg"]: str(one["content"]) for one in file.get("hashes", ())}
    return DescribedFile(
        str(file["name"]).removeprefix("models/"),
        int(properties[_SIZE]),
        hashes.get("SHA-256"),
        Digest.parse(properties[_LAYER]),
    )


def _model(image: Described) -> dict[str, Any]:
    about = image.about
    made: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": about.name,
        "modelCard": {"modelParameters": _parameters(about)},
        "components": [_file(file, about) for file in image.files],
    }
    if about.revision:
        made["version"] = about.revision
    if about.licence:
        made["licenses"] = [{"license": {"name": about.licence}}]
    if about.source and about.source.startswith("hf://"):
        made["purl"] = _hub_purl(about.source, about.revision)
    return made


def _parameters(about: About) -> dict[str, Any]:
    classes = [str(name) for name in about.config.get("architectures", ())]
    made: dict[str, Any] = {}
    if about.config.get("model_type"):
        made["architectureFamily"] = str(about.config["model_type"])
    if classes:
        made["modelArchitecture"] = classes[0]
    if any(name.endswith("ForCausalLM") for name in classes):
        made["task"] = "text-generation"
    return made


def _file(file: DescribedFile, about: About) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "file",
        "bom-ref": f"file:{file.path}",
        "name": f"models/{file.path}",
        "properties": [
            {"name": _LAYER, "value": str(file.layer)},
            {"name": _SIZE, "value": str(file.size_bytes)},
        ],
    }
    if file.sha256:
        origin = COMPUTED if about.are_hashes_computed else CLAIMED
        made["hashes"] = [{"alg": "SHA-256", "content": file.sha256}]
        made["properties"].append({"name": "llmplat:sha256Is", "value": origin})
    return made


def _image_purl(about: About, digest: str) -> str:
    place = quote(about.repository, safe="")
    return f"pkg:oci/{about.name}@{quote(digest, safe='')}?repository_url={place}"


def _hub_purl(source: str, revision: str | None) -> str:
    name = source.removeprefix("hf://").partition("@")[0]
    return f"pkg:huggingface/{name}" + (f"@{revision}" if revision else "")


def _no_sbom(cause: Exception) -> ValueError:
    return ValueError(f"it is no bill of materials of a packaged model ({cause!r})")
