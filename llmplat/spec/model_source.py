"""Where a model's weights or answers come from, and where its image goes."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from llmplat.spec.scalars import HttpUrl, Label, Matches, SecretName, Word
from llmplat.spec.shape import Says, Shape

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


PackageOrNot = Annotated[Package | None, BeforeValidator(_package), Says({"type": "boolean"})]
