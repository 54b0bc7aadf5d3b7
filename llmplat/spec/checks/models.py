"""Values of one model that cannot work together."""

from collections.abc import Iterator

from llmplat.domain.errors import Finding
from llmplat.spec.checks.places import conflict
from llmplat.spec.data_class import DATA_CLASSES
from llmplat.spec.model import OWN_SECRETS, Model
from llmplat.spec.not_yet import CODE as NOT_YET
from llmplat.spec.platform import Platform
from llmplat.spec.tree import Path, Tree

_OF_ENGINES = (
    "engine",
    "quantization",
    "gpu",
    "delivery",
    "replicas",
    "cold",
    "package",
    "prefill",
    "canary",
    "loraAdapters",
    "overflow",
)
"""Keys that say how an engine of ours runs."""


def check_models(platform: Platform, tree: Tree) -> Iterator[Finding]:
    """Findings about single models."""
    for index, model in enumerate(platform.models):
        path: Path = ("models", index)
        yield from _origin(model, path, tree)
        yield from _replicas(model, platform, path, tree)
        yield from _lengths(model, path, tree)
        yield from _secrets(model, path, tree)
        yield from _overflow(model, path, tree)
        yield from _repository(model, platform, path, tree)
        if model.external and model.source is None:
            yield from _external(model, path, tree)


def _origin(model: Model, path: Path, tree: Tree) -> Iterator[Finding]:
    given = [key for key in ("source", "backend", "backends") if tree.get((*path, key))]
    if not given:
        yield conflict(
            tree,
            f"the model {model.name} has neither a source nor a backend",
            "its answers must come from somewhere",
            "add source: hf://org/name@revision",
            path,
        )
    if len(given) > 1:
        yield conflict(
            tree,
            f"the model {model.name} has {' and '.join(given)}",
            "either an engine answers for it or a service outside",
            f"keep one of {', '.join(given)}",
            *((*path, key) for key in given),
        )


def _repository(model: Model, platform: Platform, path: Path, tree: Tree) -> Iterator[Finding]:
    if model.package is None or model.package.repository or platform.model_repository:
        return
    yield conflict(
        tree,
        f"the model {model.name} is to be packaged and nothing says where",
        "its image needs a repository in a registry",
        "add modelRepository: registry/team/models at the top, or "
        "package: {repository: registry/team/name}",
        (*path, "package"),
    )


def _replicas(model: Model, platform: Platform, path: Path, tree: Tree) -> Iterator[Finding]:
    least, most = model.replicas.min, model.replicas.max
    at, of_max = (*path, "replicas", "min"), (*path, "replicas", "max")
    if least > most:
        what = f"replicas of {model.name}: min {least} is more than max {most}"
        yield conflict(tree, what, "min is the fewest", f"min: {most}", at, of_max)
    elif least == 0 and not model.cold:
        yield conflict(
            tree,
            f"{model.name} may go down to 0 replicas but is not cold",
            "without an engine its requests fail; only a cold model may be switched off",
            "replicas: {min: 1, max: 1}",
            at,
            (*path, "cold"),
        )
    elif least < most and platform.substrate.local is not None:
        yield conflict(
            tree,
            f"{model.name} asks for {least} to {most} replicas: a changing number is not acted "
            "on yet",
            "this machine runs a fixed number of engines",
            f"replicas: {{min: {least or 1}, max: {least or 1}}}",
            at,
            of_max,
            code=NOT_YET,
        )


def _lengths(model: Model, path: Path, tree: Tree) -> Iterator[Finding]:
    chain = (
        ("defaultMaxTokens", model.default_max_tokens, "maxTokens", model.max_tokens),
        ("defaultMaxTokens", model.default_max_tokens, "context", model.context),
        ("maxTokens", model.max_tokens, "context", model.context),
    )
    for inner, short, outer, long in chain:
        if short is not None and long is not None and short > long:
            yield conflict(
                tree,
                f"{inner} of {model.name} is {short}, more than its {outer}, {long}",
                "an answer has to fit in its limit and in the context",
                f"{inner}: {long}",
                (*path, inner),
                (*path, outer),
            )
    if model.kind == "embedding":
        for key, value in (
            ("maxTokens", model.max_tokens),
            ("defaultMaxTokens", model.default_max_tokens),
        ):
            if value is not None:
                what = f"{key} means nothing for the embedding model {model.name}"
                why = "it answers with vectors, not tokens"
                yield conflict(tree, what, why, f"remove {key}", (*path, key), (*path, "kind"))


def _secrets(model: Model, path: Path, tree: Tree) -> Iterator[Finding]:
    one: list[Path] = [(*path, "backend")] if model.backend is not None else []
    several: list[Path] = [(*path, "backends", at) for at in range(len(model.backends))]
    beside: list[Path] = [(*path, "overflow", at) for at in range(len(model.overflow))]
    for place in (*one, *several, *beside):
        name = tree.get((*place, "keySecret"))
        if name in OWN_SECRETS:
            yield conflict(
                tree,
                f"the secret {name} is llmplat's own",
                "it would be sent to a service outside",
                "keySecret: the name of that service's own key",
                (*place, "keySecret"),
            )


def _overflow(model: Model, path: Path, tree: Tree) -> Iterator[Finding]:
    """Services outside that no request could ever be sent to."""
    for at, way in enumerate(model.overflow):
        if DATA_CLASSES.index(model.data_class) > DATA_CLASSES.index(way.data_class):
            place = (*path, "overflow", at)
            yield conflict(
                tree,
                f"no request for {model.name} may be sent to {way.url}",
                f"the model is {model.data_class}, and only {way.data_class} data may leave for "
                "there",
                f"remove this overflow, or say dataClass: {model.data_class} for it if its owner "
                "may see such data",
                (*place, "dataClass"),
                (*path, "dataClass"),
            )


def _external(model: Model, path: Path, tree: Tree) -> Iterator[Finding]:
    origin = (*path, "backend" if model.backend is not None else "backends")
    given = tree.get(path)
    for key in _OF_ENGINES:
        if isinstance(given, dict) and given.get(key) is not None:
            what = f"{key} means nothing for {model.name}"
            why = "a service outside answers for it; no engine is started"
            yield conflict(tree, what, why, f"remove {key}", (*path, key), origin)
    if tree.get((*path, "price")) in (None, "computed"):
        price = "{inputUsdPerMillionTokens: 0.5, outputUsdPerMillionTokens: 1.5}"
        yield conflict(
            tree,
            f"the price of {model.name} cannot be computed",
            "a service outside answers for it; only you know what that costs",
            f"price: {price}",
            (*path, "price"),
            origin,
        )
    if tree.get((*path, "context")) is None:
        yield conflict(
            tree,
            f"{model.name} needs a context",
            "a service outside answers for it, so its longest request is not known here",
            "context: 32768",
            path,
            origin,
        )
