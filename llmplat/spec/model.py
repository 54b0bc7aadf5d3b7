"""One served model: where its weights come from, how it runs, what it costs."""

from typing import Annotated, Literal

from pydantic import Field

from llmplat.domain.mirror import MirrorPlace
from llmplat.spec.data_class import DataClass
from llmplat.spec.model_serving import Engine, Prefill, PriceOrComputed, Replicas
from llmplat.spec.model_source import Backend, Canary, LoraAdapter, PackageOrNot, Source
from llmplat.spec.overflow import Overflow
from llmplat.spec.scalars import Alias, Label, Word
from llmplat.spec.shape import Shape
from llmplat.spec.slo import Slo

OWN_SECRETS = ("engine-key", "redis-password", "litellm-master-key", "system-key")
"""Names of the secrets llmplat makes for itself; they go to no service outside."""


class Model(Shape):
    """One model the platform serves."""

    name: Annotated[Label, Field(description="The name clients send and everything is named by.")]
    aliases: Annotated[
        tuple[Alias, ...], Field(description="Other names clients may use for this model.")
    ] = ()
    kind: Annotated[
        Literal["chat", "embedding"],
        Field(description="What the model answers with: text or vectors."),
    ] = "chat"
    owner: Annotated[
        Label,
        Field(description="The tenant that answers for the model, or platform."),
    ] = "platform"
    source: Annotated[
        Source | None,
        Field(
            description="Where the weights are: hf://org/name@revision, file:///folder, "
            "demo://name, oci://registry/name@sha256:... A revision of hf:// may be left out "
            "because the lock pins the one found."
        ),
    ] = None
    backend: Annotated[
        Backend | None,
        Field(description="In place of source: an OpenAI-compatible service outside."),
    ] = None
    backends: Annotated[
        tuple[Backend, ...],
        Field(description="In place of source: several such services for one model."),
    ] = ()
    overflow: Annotated[
        tuple[Overflow, ...],
        Field(
            description="Beside source: services outside that may answer when the engines cannot."
        ),
    ] = ()
    package: Annotated[
        PackageOrNot,
        Field(
            description="Publish the model as an image, and serve it from there: `llmplat lock` "
            "packages it and pins the digest. `true` publishes under modelRepository."
        ),
    ] = None
    context: Annotated[
        int | None,
        Field(
            ge=16,
            le=16_777_216,
            description="Tokens of prompt and answer together; without it the model's own maximum.",
        ),
    ] = None
    concurrency: Annotated[
        int, Field(ge=1, le=4096, description="Requests one replica runs at once.")
    ] = 8
    max_tokens: Annotated[
        int | None,
        Field(
            ge=1,
            le=16_777_216,
            description="Most answer tokens a request may ask for; without it the context.",
        ),
    ] = None
    default_max_tokens: Annotated[
        int | None,
        Field(
            ge=1,
            le=16_777_216,
            description="Answer tokens of a request that names none; without it 256, or "
            "maxTokens when that is less.",
        ),
    ] = None
    replicas: Annotated[Replicas, Field(description="How many engines serve the model.")] = (
        Replicas.model_construct(min=1, max=1)
    )
    cold: Annotated[
        bool, Field(description="The model may be switched off when nobody uses it.")
    ] = False
    gpu: Annotated[
        Word,
        Field(description="auto, or a GPU by its catalogue name."),
    ] = "auto"
    delivery: Annotated[
        Literal["auto", "image-volume", "sidecar", "fetch"],
        Field(
            description="How the weights reach an engine in a cluster: mounted from the image, by "
            "a container beside it, or fetched before it starts; auto takes the first that works."
        ),
    ] = "auto"
    canary: Annotated[
        Canary | None,
        Field(
            description="Another image tried beside the model's own by one more replica; needs the "
            "component kserve."
        ),
    ] = None
    prefill: Annotated[
        Prefill | None,
        Field(
            description="Read long prompts on engines of their own (prefill/decode "
            "disaggregation); needs the component llm-d and a profile with routing."
        ),
    ] = None
    quantization: Annotated[
        Literal["none", "fp8", "int8", "awq", "gptq", "bitsandbytes"],
        Field(description="Quantize while loading; none: the weights as they are stored."),
    ] = "none"
    engine: Annotated[
        Engine, Field(description="What the engine is told beyond what llmplat works out.")
    ] = Engine.model_construct(kv_cache_memory_bytes=None, options={})
    price: Annotated[
        PriceOrComputed,
        Field(
            json_schema_extra={"default": "computed"},
            description="computed (from what the machine costs and its speed), or your own figures.",
        ),
    ] = None
    slo: Annotated[
        Slo | None,
        Field(description="What the model promises; alerts follow from it."),
    ] = None
    data_class: Annotated[
        DataClass,
        Field(
            description="How sensitive what the model knows or may reveal is; only tenants "
            "cleared for that class may call it."
        ),
    ] = "internal"
    lora_adapters: Annotated[
        tuple[LoraAdapter, ...], Field(description="Adapters served beside the model.")
    ] = ()

    @property
    def external(self) -> tuple[Backend, ...]:
        """The services outside that answer for this model; empty when an engine does."""
        return (self.backend,) if self.backend is not None else self.backends

    def packaged_under(self, parent: str) -> "Model":
        """The same, its image at its name under `parent` where it names no repository."""
        if self.package is None or self.package.repository is not None:
            return self
        package = self.package.model_copy(update={"repository": f"{parent}/{self.name}"})
        return self.model_copy(update={"package": package})

    def through(self, place: MirrorPlace) -> "Model":
        """The same with its images where the mirror at `place` keeps them."""
        moved: dict[str, object] = {}
        if self.source is not None and self.source.startswith("oci://"):
            moved["source"] = place.image(self.source)
        if self.package is not None and self.package.repository is not None:
            repository = place.repository(self.package.repository)
            moved["package"] = self.package.model_copy(update={"repository": repository})
        if self.canary is not None:
            source = place.image(self.canary.source)
            moved["canary"] = self.canary.model_copy(update={"source": source})
        return self.model_copy(update=moved)

    def is_served_from(self, image: str | None) -> bool:
        """Whether a lock that says `image` fits: one in the package's repository, else none."""
        if self.package is None:
            return image is None
        return image is not None and image.startswith(f"{self.package.repository}@")

    def is_signed_as_wished(self, signed_by: str | None) -> bool:
        """Whether a lock that names the key `signed_by` fits: any, where a signature is asked for."""
        is_wanted = self.package is not None and self.package.sign
        return signed_by is not None or not is_wanted
