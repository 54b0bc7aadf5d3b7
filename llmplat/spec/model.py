"""One served model: where its weights come from, how it runs, what it costs."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from llmplat.spec.scalars import (
    Alias,
    HttpUrl,
    Label,
    Matches,
    OptionValue,
    SecretName,
    Size,
    Usd,
    Word,
    refuse,
)
from llmplat.spec.shape import Shape
from llmplat.spec.slo import Slo

DataClass = Literal["public", "internal", "confidential"]

OWN_SECRETS = ("engine-key", "redis-password", "litellm-master-key", "system-key")
"""Names of the secrets llmplat makes for itself; they go to no service outside."""

DATA_CLASSES: tuple[DataClass, ...] = ("public", "internal", "confidential")
"""Least sensitive first."""

_SOURCE = (
    r"^(hf://[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./-]+)?"
    r"|demo://[a-z0-9][a-z0-9.-]*"
    r"|file:///\S.*"
    r"|oci://[a-z0-9.:-]+(/[a-z0-9._-]+)+(:[\w.-]+)?@sha256:[0-9a-f]{64}"
    r"|https://[^\s?#@]+"
    r"|pvc://[a-z0-9.-]+(/\S*)?)$"
)

Source = Annotated[
    str,
    Matches(
        _SOURCE,
        "hf://org/name@revision, demo://name, file:///folder, oci://registry/name@sha256:<64 hex>, "
        "https://host/path or pvc://claim/path",
        500,
    ),
]
"""Where the weights are. A revision may be missing: `llmplat lock` pins the one it finds."""


class Backend(Shape):
    """An OpenAI-compatible service outside this platform."""

    url: Annotated[HttpUrl, Field(description="Base address, with /v1.")]
    model: Annotated[Word, Field(description="The model's name as that service knows it.")]
    key_secret: Annotated[
        SecretName | None,
        Field(description="Name of the secret with the key for that service; none: no key."),
    ] = None


class Replicas(Shape):
    """How many engines serve the model."""

    min: Annotated[int, Field(ge=0, le=256, description="Fewest; 0 only for a cold model.")] = 1
    max: Annotated[
        int, Field(ge=1, le=256, description="Most; the local substrate runs a fixed number.")
    ] = 1


class Engine(Shape):
    """What the engine is told beyond what llmplat works out."""

    kv_cache_memory_bytes: Annotated[
        Size | None,
        Field(
            alias="kvCacheMemory",
            description="Memory for the KV cache of one replica, for example 1GiB; without it "
            "worked out from context and concurrency.",
        ),
    ] = None
    options: Annotated[
        dict[str, OptionValue],
        Field(
            description="Options of the engine itself, spelled as on its command line without the "
            "leading dashes; checked against that version's own names."
        ),
    ] = Field(default_factory=dict)


class Price(Shape):
    """What tokens cost the tenants."""

    input_usd_per_million_tokens: Annotated[
        Usd, Field(description="USD for a million prompt tokens.")
    ]
    output_usd_per_million_tokens: Annotated[
        Usd, Field(description="USD for a million answer tokens.")
    ]


class LoraAdapter(Shape):
    """A small set of weights on top of the model's."""

    name: Annotated[Label, Field(description="Name clients use.")]
    source: Annotated[Source, Field(description="Where the adapter's weights are.")]


class Package(Shape):
    """Where the model is published as an image."""

    repository: Annotated[
        Word | None,
        Field(
            description="Registry and repository, without a tag: registry/team/name. Without it "
            "the model's name under modelRepository."
        ),
    ] = None
    sign: Annotated[
        bool, Field(description="Sign the image with the key that LLMPLAT_SIGNING_KEY names.")
    ] = False


_IMAGE = r"^oci://[a-z0-9.:-]+(/[a-z0-9._-]+)+(:[\w.-]+)?@sha256:[0-9a-f]{64}$"


class Canary(Shape):
    """Another image of the same model, tried on a part of the requests."""

    source: Annotated[
        Annotated[str, Matches(_IMAGE, "oci://registry/name@sha256:<64 hex>", 500)],
        Field(description="The image to try, of the same shape as the model."),
    ]
    traffic_percent: Annotated[
        int, Field(ge=1, le=50, description="Part of the requests, in percent.")
    ] = 10


def _package(value: object) -> object:
    return {True: {}, False: None}[value] if isinstance(value, bool) else value


def _price(value: object) -> object:
    if value is None or (isinstance(value, str) and value != "computed"):
        raise refuse("must be computed, or inputUsdPerMillionTokens and outputUsdPerMillionTokens")
    return None if value == "computed" else value


@dataclass(frozen=True)
class _Says:
    """Tells editors of the short value that stands for a whole object, or for none."""

    short: dict[str, object]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        choices = [item for item in handler(schema)["anyOf"] if item != {"type": "null"}]
        return {"anyOf": [self.short, *choices]}


PriceOrComputed = Annotated[Price | None, BeforeValidator(_price), _Says({"const": "computed"})]
PackageOrNot = Annotated[Package | None, BeforeValidator(_package), _Says({"type": "boolean"})]


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

    def is_served_from(self, image: str | None) -> bool:
        """Whether a lock that says `image` fits: one in the package's repository, else none."""
        if self.package is None:
            return image is None
        return image is not None and image.startswith(f"{self.package.repository}@")

    def is_signed_as_wished(self, signed_by: str | None) -> bool:
        """Whether a lock that names the key `signed_by` fits: any, where a signature is asked for."""
        is_wanted = self.package is not None and self.package.sign
        return signed_by is not None or not is_wanted
