"""platform.lock.yaml as a value: what planning must know of the world, pinned."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from llmplat.domain.errors import Finding
from llmplat.spec.dump import dump_shape
from llmplat.spec.read import fail, parse_tree, validate
from llmplat.spec.repeated import repeated
from llmplat.spec.scalars import Digest, Label, Sha256, Word
from llmplat.spec.shape import API_VERSION, Shape

_HEADER = "Written by `llmplat lock`; keep it beside the platform file. Do not edit."


def _as_tuple(value: object) -> object:
    """JSON has lists only."""
    return tuple(value) if isinstance(value, list) else value


class LockedFile(Shape):
    """One file of a model."""

    path: Annotated[Word, Field(description="Path in the model, with forward slashes.")]
    size_bytes: Annotated[int, Field(ge=0, description="Size in bytes.")]
    sha256: Annotated[
        Sha256 | None,
        Field(
            description="SHA-256 of the content, in hex. Large files of an oci:// source have none: "
            "the digest of the image pins them."
        ),
    ] = None


class ModelConfig(Shape):
    """What the model's own config.json says, under its own key names; further keys are kept."""

    model_config = ConfigDict(alias_generator=None, extra="allow", protected_namespaces=())

    model_type: Annotated[Word, Field(description="Architecture family.")]
    architectures: Annotated[
        tuple[Word, ...], BeforeValidator(_as_tuple), Field(description="Model classes.")
    ] = ()
    hidden_size: Annotated[int | None, Field(ge=1, description="Width of a layer.")] = None
    num_hidden_layers: Annotated[int | None, Field(ge=1, description="Layers.")] = None
    num_attention_heads: Annotated[int | None, Field(ge=1, description="Query heads.")] = None
    num_key_value_heads: Annotated[int | None, Field(ge=1, description="KV heads.")] = None
    head_dim: Annotated[int | None, Field(ge=1, description="Width of a head.")] = None
    max_position_embeddings: Annotated[
        int | None, Field(ge=1, description="Longest context the model was made for.")
    ] = None
    torch_dtype: Annotated[Word | None, Field(description="Type of the stored weights.")] = None
    vocab_size: Annotated[int | None, Field(ge=1, description="Tokens in the vocabulary.")] = None
    quantization_config: Annotated[
        dict[str, Any] | None, Field(description="How the stored weights are quantized.")
    ] = None


class LockedModel(Shape):
    """One model at a fixed revision."""

    model_config = ConfigDict(protected_namespaces=())

    name: Annotated[Label, Field(description="Name of the model in the platform file.")]
    source: Annotated[Word, Field(description="Its source as the platform file has it.")]
    revision: Annotated[Word, Field(description="What pins the content: a commit or digest.")]
    digest: Annotated[
        Digest,
        Field(
            description="SHA-256 over the sorted lines `path size sha256` of its files; of an "
            "oci:// source that of the image."
        ),
    ]
    image: Annotated[
        Word | None,
        Field(description="The image it was packaged as, registry/repository@sha256:..."),
    ] = None
    signed_by: Annotated[
        Word | None,
        Field(
            description="The key whose signature is attached to that image: base64 of the SHA-256 "
            "of the public key in DER."
        ),
    ] = None
    weights_bytes: Annotated[int, Field(ge=0, description="Bytes of all weights.")]
    files: Annotated[tuple[LockedFile, ...], Field(description="All its files, by path.")] = ()
    config: Annotated[ModelConfig, Field(description="Facts from its config.json.")]


class LockedRuntime(Shape):
    """One environment that engines or the gateway run in."""

    name: Annotated[Label, Field(description="Name, for example vllm-cpu.")]
    version: Annotated[Word, Field(description="Version of its main package.")]
    lock_sha256: Annotated[Sha256, Field(description="SHA-256 of its requirements lock.")]


class LockedGpu(Shape):
    """One GPU of the machine the local substrate runs on."""

    name: Annotated[Word, Field(description="Name its driver gives, for example NVIDIA L4.")]
    memory_bytes: Annotated[
        int | None, Field(ge=1, description="Bytes of memory its driver tells.")
    ] = None


class LockedChart(Shape):
    """One Helm chart."""

    name: Annotated[Word, Field(description="Name of the chart.")]
    version: Annotated[Word, Field(description="Version.")]
    digest: Annotated[Digest, Field(description="Digest of the archive.")]


class LockedImage(Shape):
    """One container image."""

    reference: Annotated[Word, Field(description="Repository and tag.")]
    digest: Annotated[Digest, Field(description="Digest of the image.")]


class Lock(Shape):
    """What the platform file's names stood for when it was locked."""

    api_version: Annotated[
        Literal["llmplat.dev/v1alpha1"], Field(description="Version of this format.")
    ] = API_VERSION
    kind: Annotated[Literal["Lock"], Field(description="What this file describes.")] = "Lock"
    generated_by: Annotated[
        Word | None, Field(description="The llmplat that wrote it, for example llmplat 0.1.0.")
    ] = None
    models: Annotated[tuple[LockedModel, ...], Field(description="Models.")] = ()
    runtimes: Annotated[tuple[LockedRuntime, ...], Field(description="Environments.")] = ()
    gpus: Annotated[
        tuple[LockedGpu, ...], Field(description="GPUs seen by the local substrate.")
    ] = ()
    charts: Annotated[tuple[LockedChart, ...], Field(description="Helm charts.")] = ()
    images: Annotated[tuple[LockedImage, ...], Field(description="Container images.")] = ()


def parse_lock(text: str, name: str) -> Lock:
    """The lock of `text`; `name` is shown with positions. Raises SpecError with every fault."""
    tree = parse_tree(text, name, "Lock")
    lock, findings = validate(Lock, tree, tree.value)
    if lock is not None:
        findings = list[Finding](repeated(tree, "models", "name"))
        findings += repeated(tree, "runtimes", "name")
    if lock is None or findings:
        fail(findings, name)
    return lock


def dump_lock(lock: Lock) -> str:
    """`lock` as text: the same lock always gives the same bytes, whatever its order."""
    ordered = lock.model_copy(
        update={
            "models": tuple(sorted(map(_ordered, lock.models), key=lambda item: item.name)),
            "runtimes": tuple(sorted(lock.runtimes, key=lambda item: item.name)),
            "charts": tuple(sorted(lock.charts, key=lambda item: (item.name, item.version))),
            "images": tuple(sorted(lock.images, key=lambda item: item.reference)),
        }
    )
    return dump_shape(ordered, _HEADER)


def _ordered(model: LockedModel) -> LockedModel:
    return model.model_copy(update={"files": tuple(sorted(model.files, key=lambda f: f.path))})
