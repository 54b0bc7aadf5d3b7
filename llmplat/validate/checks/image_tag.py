"""Images are named by digest.

A tag can be moved to other bytes after it was tested, and `latest` always is; only a digest runs
tomorrow what was proven today. A fixed tag without a digest is a warning.
"""

from collections.abc import Iterator

from llmplat.validate.faults import Path
from llmplat.validate.objects import Objects, PodSpec, dict_or_empty, get, list_or_empty
from llmplat.validate.smell import Smell

_MODEL_URIS = (
    ("spec", "predictor", "model", "storageUri"),
    ("spec", "model", "uri"),
)


def find(objects: Objects) -> Iterator[Smell]:
    """Every image of a pod, and every model image, that has no digest."""
    for pod in objects.pods:
        for path, image in _images(pod):
            yield from _judge(pod, path, image)
    for one in objects.all:
        if one.kind.startswith("serving.kserve.io/"):
            for path in _MODEL_URIS:
                uri = get(one.value, *path)
                if isinstance(uri, str) and uri.startswith("oci") and "@sha256:" not in uri:
                    yield Smell(one, path, f"the model {uri} has no digest", "add @sha256:...")


def _images(pod: PodSpec) -> Iterator[tuple[Path, str]]:
    for path, container in pod.containers():
        if isinstance(container.get("image"), str):
            yield (*path, "image"), container["image"]
    for index, volume in enumerate(list_or_empty(pod.value.get("volumes"))):
        reference = dict_or_empty(dict_or_empty(volume).get("image")).get("reference")
        if isinstance(reference, str):
            yield (*pod.path, "volumes", index, "image", "reference"), reference


def _judge(pod: PodSpec, path: Path, image: str) -> Iterator[Smell]:
    if "@sha256:" in image:
        return
    tag = image.rpartition("/")[2].partition(":")[2]
    if tag in {"", "latest"}:
        what = f"the image {image} is whatever is newest"
        yield Smell(pod.owner, path, what, "name a version and its digest: image:1.2@sha256:...")
    else:
        what = f"the image {image} has no digest"
        yield Smell(pod.owner, path, what, f"{image}@sha256:...", is_mild=True)
